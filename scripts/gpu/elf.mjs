// What programs and libraries need of a machine, by readelf.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from '../steps/shell.mjs';
import { newestVersion } from './bundles.mjs';

/** What any Linux machine with glibc has. */
export const ofGlibc =
  /^(ld-linux-x86-64\.so\.2|lib(c|m|dl|rt|pthread|resolv|util|anl|mvec|nsl|BrokenLocale)\.so\.\d+|linux-vdso\.so\.1)$/;
/** What comes with an NVIDIA driver, CUDA or TensorRT. */
export const ofCuda =
  /^lib(cuda|nvcuvid|nvidia-.*|cudart|cublas|cublasLt|curand|cudnn.*|cufft|nvrtc|nvinfer|nvonnxparser)\.so\.\d+$/;

export function isElf(file) {
  if (!statSync(file).isFile()) return false;
  const magic = Buffer.alloc(4);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, magic, 0, 4, 0);
  } finally {
    closeSync(handle);
  }
  return magic.equals(Buffer.from('\x7fELF', 'latin1'));
}

/** The sonames that an ELF file is linked with. */
export function neededBy(file) {
  return [...run('readelf', ['-d', file]).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
}

/**
 * Of `files`, what nobody among them and no glibc has: [{file, missing}], CUDA's libraries left out; and the newest versions
 * of glibc and libstdc++ that they ask for.
 */
export function examine(files) {
  const elves = files.filter(isElf);
  const there = new Set(elves.map((file) => basename(file)));
  const missing = elves.flatMap((file) =>
    neededBy(file)
      .filter((name) => !there.has(name) && !ofGlibc.test(name) && !ofCuda.test(name))
      .map((name) => ({ file, missing: name })),
  );
  // What is used only where the machine's own is older asks for nothing.
  const used = elves.filter((file) => !file.includes('/compat/'));
  const versions = used.map((file) => run('readelf', ['-W', '-V', file])).join('\n');
  return { missing, glibc: newestVersion(versions, 'GLIBC'), glibcxx: newestVersion(versions, 'GLIBCXX') };
}
