// src -> lib, when a source is newer than the last build.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, say } from './shell.mjs';

const stamp = join(root, 'build/typescript-built');

function newestSource() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join(root, 'src', String(name)));
  // A folder's own time tells about deleted and renamed files.
  return Math.max(...[join(root, 'tsconfig.json'), ...sources].map((file) => statSync(file).mtimeMs));
}

export function compileTypeScript() {
  if (existsSync(stamp) && existsSync(join(root, 'lib')) && statSync(stamp).mtimeMs > newestSource()) return;
  say('compiling TypeScript');
  const begun = new Date();
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root]);
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(stamp, begun.toISOString());
}
