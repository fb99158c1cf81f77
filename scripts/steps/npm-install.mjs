// node_modules as package-lock.json wants it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, root, run } from './shell.mjs';

const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** npm writes what it installed into node_modules/.package-lock.json: the same packages at the same hashes is up to date. */
function isInstalled() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const installed = read('node_modules/.package-lock.json').packages;
  return Object.entries(read('package-lock.json').packages).every(([path, wanted]) => {
    if (path === '') return true;
    if (wanted.link) return existsSync(join(root, path, 'package.json')); // a package of the workspace
    if (!installed[path]) return Boolean(wanted.optional); // another platform's binary
    return installed[path].version === wanted.version && installed[path].integrity === wanted.integrity;
  });
}

export function ensureNodeModules() {
  if (isInstalled()) return;
  progress('installing npm packages (npm ci)');
  // onnxruntime-node's post-install downloads CUDA libraries from another registry; its CPU library is in the package.
  run('npm', ['ci', '--no-audit', '--no-fund'], { env: { ONNXRUNTIME_NODE_INSTALL: 'skip' } });
}
