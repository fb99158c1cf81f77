// What the peers need, for the bench only: their npm packages in this folder, OpenCV for Python from the system's
// packages.   node bench/peers/install.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, progress, run, StepError } from '../../scripts/steps/shell.mjs';
import { ensureSystemPackages, openCvNeeds, python } from '../../scripts/steps/system-packages.mjs';

const folder = import.meta.dirname;

const lockOf = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8')).packages;

/** Whether node_modules is what package-lock.json wants. */
export function modulesInstalled() {
  if (!existsSync(join(folder, 'node_modules/.package-lock.json'))) return false;
  const installed = lockOf('node_modules/.package-lock.json');
  return Object.entries(lockOf('package-lock.json')).every(([path, wanted]) => {
    if (path === '' || (wanted.optional && !installed[path])) return true; // another platform's binary
    return installed[path]?.version === wanted.version;
  });
}

/** Whether node-av's binary for this platform, an optional package, is there. */
export const nodeAvBinary = () =>
  existsSync(join(folder, `node_modules/@seydx/node-av-${process.platform}-${process.arch}`));

/** Why OpenCV cannot be used, or undefined. */
export function openCvMissing() {
  const { status, error } = spawnSync(python, ['-c', 'import cv2, numpy'], { stdio: 'ignore' });
  if (error) return 'Python is not installed';
  return status === 0
    ? undefined
    : `OpenCV for Python is not installed: apt-get install ${Object.keys(openCvNeeds).join(' ')}`;
}

function installModules(progress) {
  if (modulesInstalled()) return;
  progress('installing the npm packages of the peers (450 MB)');
  // Install scripts would download CUDA libraries and an ffmpeg program; package.json switches them off too.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip', SKIP_FFMPEG: 'true' },
  });
}

/** Installs what is missing and can be installed, with a line to `progress` for each. Resolves with the reasons for what could not. */
export async function installPeers(progress) {
  const reasons = [];
  for (const install of [installModules, () => ensureSystemPackages(openCvNeeds)]) {
    try {
      await install(progress);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      reasons.push(error.message);
    }
  }
  return reasons;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const reasons = await installPeers(progress);
    for (const reason of reasons) progress(`not installed: ${reason}`);
    return reasons.length > 0 ? 1 : 0;
  });
}
