// A compiler for machines with an older glibc than this one: GCC of this system with Debian 11's C library as its root, whose
// few newer symbols glibc-floor.c replaces. `framepath-cc` and `framepath-c++` are what every build here calls.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { hasProgram, progress, run } from '../steps/shell.mjs';
import { bundleCache, fetchPinned, pins } from './fetch.mjs';

/** The oldest glibc that what is built here runs with: that of RHEL 8, and of Node.js and ONNX Runtime themselves. */
export const oldestGlibc = '2.28';

const floor = join(import.meta.dirname, 'glibc-floor.c');

export const architectures = {
  x64: { triplet: 'x86_64-linux-gnu', prefix: '' },
  arm64: { triplet: 'aarch64-linux-gnu', prefix: 'aarch64-linux-gnu-' },
};

/** Absolute links of a package point into this machine: made relative. */
function mendLinks(folder, top = folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) mendLinks(path, top);
    if (!lstatSync(path).isSymbolicLink() || !readlinkSync(path).startsWith('/')) continue;
    const target = relative(dirname(path), join(top, readlinkSync(path)));
    rmSync(path);
    symlinkSync(target, path);
  }
}

/** What a compiler looks for beside the C library: GCC's own libraries, and glibc-floor.c for what they need of a newer one. */
function complete(folder, { triplet, prefix }) {
  const libraries = join(folder, 'usr/lib', triplet);
  writeFileSync(join(libraries, 'libgcc_s.so'), `GROUP ( /lib/${triplet}/libgcc_s.so.1 -lgcc )\n`);
  symlinkSync(run(`${prefix}g++`, ['-print-file-name=libstdc++.a']).trim(), join(libraries, 'libstdc++.a'));
  const object = join(folder, 'glibc-floor.o');
  run(`${prefix}gcc`, [`--sysroot=${folder}`, '-O2', '-fPIC', '-DWITHOUT_CLOCKWAIT', '-c', floor, '-o', object]);
  run(`${prefix}ar`, ['r', join(libraries, 'libc_nonshared.a'), object]);
}

/** The root folder with Debian 11's C library and headers. */
function sysroot(arch) {
  const debs = pins.sysroots[arch];
  const hash = createHash('sha256').update(JSON.stringify(debs)).digest('hex').slice(0, 12);
  const folder = join(bundleCache, `sysroot-${arch}-${hash}`);
  if (existsSync(folder)) return folder;
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  for (const deb of debs) run('dpkg-deb', ['-x', fetchPinned(deb), scratch]);
  mendLinks(scratch);
  complete(scratch, architectures[arch]);
  renameSync(scratch, folder);
  return folder;
}

function write(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

/**
 * Programs for a processor, in the folder `bin`, which goes in front of the PATH. `id` changes with what they make, `floor` is
 * to be compiled into what they link.
 */
export function toolchain(arch) {
  const { triplet, prefix } = architectures[arch];
  const root = sysroot(arch);
  const gcc = run(`${prefix}gcc`, ['-dumpversion']).trim();
  const bin = join(bundleCache, `bin-${arch}`);
  mkdirSync(bin, { recursive: true });
  const ccache = hasProgram('ccache') ? 'ccache ' : '';
  // Without -B GCC links this machine's C library.
  const common = `--sysroot=${root} -B${root}/usr/lib/${triplet}/`;
  const headers = prefix ? `/usr/${triplet}/include/c++/${gcc}` : `/usr/include/c++/${gcc}`;
  const inside = prefix ? `${headers}/${triplet}` : `/usr/include/${triplet}/c++/${gcc}`;
  const backward = `${headers}/backward`;
  const cxx = `-nostdinc++ -isystem ${headers} -isystem ${inside} -isystem ${backward} -static-libstdc++`;
  write(join(bin, 'framepath-cc'), `#!/bin/sh\nexec ${ccache}${prefix}gcc ${common} "$@"\n`);
  write(join(bin, 'framepath-c++'), `#!/bin/sh\nexec ${ccache}${prefix}g++ ${common} ${cxx} "$@"\n`);
  for (const tool of ['ar', 'ranlib', 'strip', 'nm'])
    write(join(bin, `framepath-${tool}`), `#!/bin/sh\nexec ${prefix}${tool} "$@"\n`);
  const id = createHash('sha256')
    .update(`${gcc}\n${root}\n${readFileSync(floor)}`)
    .digest('hex');
  return { arch, triplet, bin, floor, id, sysroot: root };
}

/** The newest versions of GLIBC's symbols that a file needs which are newer than the oldest that there is: none is right. */
export function tooNew(file) {
  const newer = (version) => {
    const [major, minor] = version.split('.').map(Number);
    const [oldestMajor, oldestMinor] = oldestGlibc.split('.').map(Number);
    return major > oldestMajor || (major === oldestMajor && minor > oldestMinor);
  };
  const symbols = run('readelf', ['-W', '--dyn-syms', file]).matchAll(/UND (\S+?)@GLIBC_([\d.]+)/g);
  const found = [...symbols]
    .filter(([, , version]) => newer(version))
    .map(([, name, version]) => `${name} (${version})`);
  progress(`${file}: ${found.length ? `needs ${found.join(', ')}` : `glibc ${oldestGlibc}`}`);
  return found;
}

/** The folders that a file wants its libraries looked for in (RPATH, RUNPATH), those of this machine: none is right. */
export function searchPaths(file) {
  const entries = run('readelf', ['-W', '-d', file]).matchAll(/\((?:RPATH|RUNPATH)\).*\[(.*)\]/g);
  return [...entries].map(([, folders]) => folders);
}
