// Debian's files by hash: downloaded once by apt's own downloader into the user's cache, which keeps them when a mirror no
// longer has them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from '../steps/packages.mjs';
import { progress, run, StepError } from '../steps/shell.mjs';

export const pins = JSON.parse(readFileSync(join(import.meta.dirname, 'pins.json'), 'utf8'));
export const bundleCache = join(cacheFolder, 'bundle');
const files = join(bundleCache, 'files');
const mirror = 'http://deb.debian.org/debian';

const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

export const urlOf = ({ file }) => `${mirror}/${file}`;

/** The path of a pinned file in the cache. */
export function fetchPinned(pin) {
  const { file, sha256: wanted } = pin;
  const kept = join(files, basename(file));
  if (existsSync(kept) && sha256(kept) === wanted) return kept;
  progress(`fetching ${basename(file)} from Debian`);
  mkdirSync(files, { recursive: true });
  const scratch = mkdtempSync(join(files, '.fetch-'));
  try {
    const fetched = join(scratch, 'file');
    run('/usr/lib/apt/apt-helper', ['-o', 'APT::Sandbox::User=root', 'download-file', urlOf(pin), fetched]);
    const got = sha256(fetched);
    if (got !== wanted) throw new StepError(`${file} is not the file it was: sha256 ${got}, expected ${wanted}`);
    renameSync(fetched, kept);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return kept;
}
