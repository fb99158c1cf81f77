// What the build and the tests need from the system. As root missing packages are installed, otherwise the exact line
// to run is printed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, progress, run, runLoud, StepError } from './shell.mjs';

export const library = (name) => () => spawnSync('pkg-config', ['--exists', name]).status === 0;
export const program = (name) => () => hasProgram(name);

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

/** The system's Python, which sees Debian's modules; another one on the PATH does not. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const runsPython = (code) => () => spawnSync(python, ['-c', code]).status === 0;

/** What the evaluation's scorer and the bench's peers need besides. */
export const scorerNeeds = {
  python3: runsPython(''),
  'python3-numpy': runsPython('import numpy'),
  'python3-scipy': runsPython('import scipy'),
};
export const openCvNeeds = {
  'python3-opencv': runsPython('import cv2'),
  'python3-numpy': runsPython('import numpy'),
};

/** Names of the missing Debian packages. */
function missingPackages(of) {
  return Object.keys(of).filter((name) => !of[name]());
}

const installing = { DEBIAN_FRONTEND: 'noninteractive' };

/** Installs packages without questions; resolves with the exit status. */
function install(names) {
  // On a fresh machine the system's own updates may be holding the lock.
  const options = ['-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300'];
  const args = ['install', '-y', '-q', '--no-install-recommends', ...options, ...names];
  return runLoud('apt-get', args, { env: installing });
}

/** Installs what is missing of `of` ({package: is it there?}). */
export async function ensureSystemPackages(of = needs) {
  const missing = missingPackages(of);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!hasProgram('apt-get')) {
    throw new StepError(
      `These are missing: ${missing.join(', ')} (Debian's names).\nInstall them with your package manager, then run this again.`,
    );
  }
  if (process.getuid() !== 0) {
    throw new StepError(`System packages are missing. Run this, then try again:\n\n  sudo ${command}\n`);
  }
  progress(`installing system packages: ${missing.join(' ')}`);
  run('apt-get', ['update', '-q'], { env: installing });
  if ((await install(missing)) !== 0) throw new StepError(`apt-get failed. Try: ${command}`);
  const still = missingPackages(of);
  if (still.length)
    throw new StepError(`apt-get installed ${missing.join(' ')}, yet these are not found: ${still.join(' ')}`);
}

/** Whether clang's libFuzzer is there: the native fuzz targets need it. */
export const hasFuzzer = () => {
  const { status, stdout } = spawnSync('clang++-14', ['-print-runtime-dir'], { encoding: 'utf8' });
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  return status === 0 && existsSync(join(stdout.trim(), `libclang_rt.fuzzer-${arch}.a`));
};

/**
 * What some tests do without where it cannot be had: clang-14 makes the PTX of the kernels anew (everybody else takes the
 * checked-in one) and fuzzes, the others are what the simulated video codecs of a GPU are built from.
 */
const testNeeds = {
  ccache: program('ccache'), // three builds of the same files, again after every change
  'clang-14': program('clang-14'),
  'libclang-rt-14-dev': hasFuzzer,
  'libffmpeg-nvenc-dev': library('ffnvcodec'),
  'libx265-dev': library('x265'),
};

/** Whether tests can have a GPU with simulated video codecs. */
export const hasSimulatedVideo = () => testNeeds['libffmpeg-nvenc-dev']() && testNeeds['libx265-dev']();

export async function ensureTestPackages() {
  if (!hasProgram('apt-cache') || process.getuid() !== 0) return;
  const there = (name) => spawnSync('apt-cache', ['show', name]).status === 0;
  const missing = missingPackages(testNeeds).filter(there);
  if (missing.length === 0) return;
  progress(`installing ${missing.join(', ')}`);
  if ((await install(missing)) !== 0) progress('they cannot be installed: some tests are left out');
}
