// What the peers need, for the bench only: their npm packages in this folder, OpenCV for Python from the system's
// packages.   node bench/peers/install.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, main, run, StepError, say } from '../../scripts/steps/shell.mjs';

const folder = import.meta.dirname;
const debianPackages = ['python3-opencv', 'python3-numpy'];

/** The system's Python, which sees Debian's OpenCV; another one on the PATH does not. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

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
  return status === 0 ? undefined : `OpenCV for Python is not installed: apt-get install ${debianPackages.join(' ')}`;
}

function installModules(say) {
  if (modulesInstalled()) return;
  say('installing the npm packages of the peers (450 MB)');
  // Install scripts would download CUDA libraries and an ffmpeg program; package.json switches them off too.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip', SKIP_FFMPEG: 'true' },
  });
}

function installOpenCv(say) {
  const missing = openCvMissing();
  if (missing === undefined) return;
  if (process.getuid() !== 0 || !hasProgram('apt-get')) throw new StepError(missing);
  say(`installing system packages: ${debianPackages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], { env });
  const options = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  run('apt-get', ['install', ...options, ...debianPackages], { env });
}

/** Installs what is missing and can be installed, with a line to `say` for each. Resolves with the reasons for what could not. */
export async function installPeers(say) {
  const reasons = [];
  for (const install of [installModules, installOpenCv]) {
    try {
      install(say);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      reasons.push(error.message);
    }
  }
  return reasons;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const reasons = await installPeers(say);
    for (const reason of reasons) say(`not installed: ${reason}`);
    return reasons.length > 0 ? 1 : 0;
  });
}
