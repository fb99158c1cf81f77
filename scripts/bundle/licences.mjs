// What comes with the libraries: the licence of each part, and where its source is, as the LGPL wants it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps/shell.mjs';
import { pins, urlOf } from './fetch.mjs';
import { unpacked } from './libraries.mjs';

/** The licence in a file: all of it, or the first comment of a header. */
const licenceIn = (file) => {
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.h') ? `${/^\/\*[\s\S]*?\*\//.exec(text)[0]}\n` : text;
};

/** The text that says where the sources are. */
export function sourceText(parts) {
  const { version, repository, bugs } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const scripts = `${repository.url.replace(/^git\+|\.git$/g, '')}/tree/v${version}/scripts/bundle`;
  const sources = parts.map((name) => {
    const pin = pins.sources[name];
    const kept = `https://snapshot.debian.org/package/${pin.file.split('/').at(-2)}/`;
    return `${name} ${pin.version}, ${pin.licence}\n  ${urlOf(pin)}\n  ${kept} (every version)\n  sha256 ${pin.sha256}\n`;
  });
  return `The sources of libframepath-av.so

This file has FFmpeg, under the GNU Lesser General Public License, version 3 or later, and the libraries below. They were built
from these sources without changes:

${sources.join('\n')}
about.json has FFmpeg's configure line; the scripts that build the file are
  ${scripts}
You may change FFmpeg and put a libframepath-av.so of your own, built by them, in the place of this one.

Where a source cannot be fetched any more, ask for it, free of charge: ${bugs.url}
`;
}

/** Writes SOURCE.txt and the folder `licences`. */
export function writeLicences(folder, parts) {
  writeFileSync(join(folder, 'SOURCE.txt'), sourceText(parts));
  const licences = join(folder, 'licences');
  mkdirSync(licences, { recursive: true });
  for (const name of parts)
    for (const text of pins.sources[name].texts)
      writeFileSync(join(licences, `${name}-${text.replaceAll('/', '-')}`), licenceIn(join(unpacked(name), text)));
}
