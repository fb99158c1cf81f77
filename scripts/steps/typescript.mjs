// src -> lib, of the packages and of framepath, when a source is newer than the last build: node scripts/steps/typescript.mjs
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../schema/generate.mjs';
import { main, progress, root, run } from './shell.mjs';

const stamp = join(root, 'build/typescript-built');

/** Folders with src and lib. */
const packages = [root, ...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))];

const filesBelow = (folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

function newestSource() {
  const sources = packages.flatMap((folder) => {
    const names = filesBelow(join(folder, 'src')).map((name) => join('src', name));
    // A folder's own time changes when files in it are deleted or renamed.
    return ['tsconfig.json', 'src', ...names].map((name) => join(folder, name));
  });
  return Math.max(...sources.map((file) => statSync(file).mtimeMs));
}

/** What the compiler made of sources that are gone would be packed too. */
function removeOrphans(folder) {
  const lib = join(folder, 'lib');
  for (const name of filesBelow(lib)) {
    const source = join(folder, 'src', name.replace(/(\.d\.ts|\.js)$/, '.ts'));
    if (/(\.d\.ts|\.js)$/.test(name) && !existsSync(source)) rmSync(join(lib, name));
  }
}

export async function compileTypeScript() {
  await generate(root);
  const isBuilt = packages.every((folder) => existsSync(join(folder, 'lib')));
  if (isBuilt && existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return;
  progress('compiling TypeScript');
  const begun = new Date();
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--build', root]);
  packages.forEach(removeOrphans);
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(stamp, begun.toISOString());
}

if (import.meta.filename === process.argv[1]) await main(compileTypeScript);
