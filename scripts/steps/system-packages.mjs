// What the build and the tests need from the system. As root missing packages are installed, otherwise the exact line
// to run is printed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasProgram, run, runLoud, StepError, say } from './shell.mjs';

const library = (name) => () => spawnSync('pkg-config', ['--exists', name]).status === 0;
const program = (name) => () => hasProgram(name);

/** Debian package -> is what we use of it there? pkg-config comes first: the libraries are asked about through it. */
const needs = {
  'pkg-config': program('pkg-config'),
  cmake: program('cmake'),
  'ninja-build': () => hasProgram('ninja') || hasProgram('make'),
  'g++': program('g++'),
  'libavformat-dev': library('libavformat'),
  'libavcodec-dev': library('libavcodec'),
  'libavutil-dev': library('libavutil'),
  'libswscale-dev': library('libswscale'),
  'libswresample-dev': library('libswresample'),
  'nlohmann-json3-dev': () => existsSync('/usr/include/nlohmann/json.hpp') || library('nlohmann_json')(),
  ffmpeg: () => hasProgram('ffmpeg') && hasProgram('ffprobe'),
};

/** What the simulated NVIDIA libraries of the tests are built from besides. */
export const testNeeds = {
  ...needs,
  'libffmpeg-nvenc-dev': () => existsSync('/usr/include/ffnvcodec/nvEncodeAPI.h') || library('ffnvcodec')(),
  'libx265-dev': library('x265'),
};

/** What scripts that the build does not need may ask for besides: Debian's own Python and modules of it. */
export const python = '/usr/bin/python3';
const pythonModule = (name) => () => spawnSync(python, ['-c', `import ${name}`]).status === 0;
export const scorerNeeds = {
  python3: () => existsSync(python),
  'python3-numpy': pythonModule('numpy'),
  'python3-scipy': pythonModule('scipy'),
};

/** Names of the missing Debian packages. */
function missingPackages(of) {
  return Object.keys(of).filter((name) => !of[name]());
}

/** Installs what is missing of `of` ({package: is it there?}). */
export async function ensureSystemPackages(of = needs) {
  const missing = missingPackages(of);
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!hasProgram('apt-get')) {
    throw new StepError(
      `These are missing: ${missing.join(', ')} (Debian's names).\nInstall them with your package manager, then run this again.`,
    );
  }
  if (process.getuid() !== 0) {
    throw new StepError(`System packages are missing. Run this, then try again:\n\n  sudo ${install}\n`);
  }
  say(`installing system packages: ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], { env });
  // On a fresh machine the system's own updates may be holding the lock.
  const options = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300'];
  const args = ['install', '-y', '-q', '--no-install-recommends', ...options, ...missing];
  if ((await runLoud('apt-get', args, { env })) !== 0) throw new StepError(`apt-get failed. Try: ${install}`);
  const still = missingPackages(of);
  if (still.length)
    throw new StepError(`apt-get installed ${missing.join(' ')}, yet these are not found: ${still.join(' ')}`);
}
