/** The local files that a playlist names, as libav finds them. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Most bytes read of a playlist. */
const mostBytes = 16 * 1024 ** 2;
/** Most levels of nested playlists. */
const deepest = 3;

/** Files that a local source opens beside itself, because it is an HLS playlist or a list of `concat`; none where it is media. */
export function filesOfPlaylist(path: string, depth = deepest): string[] {
  const named = namesIn(textOf(path)).flatMap((name) => {
    const local = name.replace(/^file:(\/\/)?/i, '');
    return /^[a-z][a-z0-9+.-]+:/i.test(local) ? [] : [resolve(dirname(path), local)];
  });
  return depth === 0 ? named : named.flatMap((file) => [file, ...filesOfPlaylist(file, depth - 1)]);
}

function textOf(path: string): string {
  try {
    if (!statSync(path).isFile()) return '';
    const file = openSync(path, 'r');
    try {
      const start = Buffer.alloc(64);
      readSync(file, start, 0, start.length, 0);
      if (!/^(\uFEFF|\s)*(#EXTM3U|ffconcat)/.test(start.toString())) return '';
      const text = Buffer.alloc(Math.min(statSync(path).size, mostBytes));
      return text.toString('utf8', 0, readSync(file, text, 0, text.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return ''; // opening the source reports the error
  }
}

function namesIn(text: string): string[] {
  const concat = /^\s*ffconcat/.test(text);
  return text.split(/[\r\n]+/).flatMap((each) => {
    const line = each.trim();
    if (concat) return /^file\s+(.+)$/.exec(line)?.[1]?.replaceAll(/^['"]|['"]$/g, '') ?? [];
    if (line.startsWith('#')) return [...line.matchAll(/URI="([^"]+)"/g)].map((found) => found[1]!);
    return line === '' ? [] : [line];
  });
}
