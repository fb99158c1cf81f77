// The libraries in the bundle, each built from its pinned source into a folder of the cache that its inputs name. A recipe is
// shell: $SRC its source, $OUT where it installs, $JOBS, $TRIPLET; framepath-cc and its relatives are on the PATH.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, run, StepError } from '../steps/shell.mjs';
import { bundleCache, fetchPinned, pins } from './fetch.mjs';

const cmake = (options, source = '$SRC') => `
cmake -S ${source} -B $BUILD -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/ -DCMAKE_INSTALL_LIBDIR=lib \\
  -DCMAKE_C_COMPILER=framepath-cc -DCMAKE_CXX_COMPILER=framepath-c++ -DCMAKE_AR=$(command -v framepath-ar) \\
  -DCMAKE_RANLIB=$(command -v framepath-ranlib) -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$CPU \\
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF ${options}
ninja -C $BUILD -j $JOBS
DESTDIR=$OUT ninja -C $BUILD install
mv $OUT/usr/* $OUT/ && rmdir $OUT/usr # where CMake installs what has the prefix /`;

const recipes = {
  zlib: `
cp -r $SRC/. $BUILD && cd $BUILD
CC=framepath-cc AR=framepath-ar RANLIB=framepath-ranlib CFLAGS="-O3 -fPIC" ./configure --static --prefix=/
make -j $JOBS libz.a
mkdir -p $OUT/include $OUT/lib/pkgconfig && cp zlib.h zconf.h $OUT/include && cp libz.a $OUT/lib && cp zlib.pc $OUT/lib/pkgconfig`,
  'nv-codec-headers': 'make -C $SRC install PREFIX=/ DESTDIR=$OUT',
  mbedtls: cmake(
    '-DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF -DUSE_SHARED_MBEDTLS_LIBRARY=OFF -DMBEDTLS_FATAL_WARNINGS=OFF',
  ),
  dav1d: `
printf "[binaries]\\nc = 'framepath-cc'\\nar = 'framepath-ar'\\nstrip = 'framepath-strip'\\n[host_machine]\\nsystem = 'linux'\\ncpu_family = '$CPU'\\ncpu = '$CPU'\\nendian = 'little'\\n" > $BUILD/cross.txt
meson setup $BUILD/b $SRC --cross-file $BUILD/cross.txt --prefix=/ --libdir=lib --buildtype=release --default-library=static \\
  -Denable_tools=false -Denable_tests=false -Dxxhash_muxer=disabled
ninja -C $BUILD/b -j $JOBS
DESTDIR=$OUT ninja -C $BUILD/b install`,
  openh264: `
cp -r $SRC/. $BUILD
make -C $BUILD -j $JOBS ARCH=\${CPU/aarch64/arm64} OS=linux BUILDTYPE=Release CC=framepath-cc CXX=framepath-c++ AR=framepath-ar PREFIX=/ \\
  DESTDIR=$OUT install-static`,
};

/** Runs a recipe, its output in a log that is shown when it fails. */
export function runRecipe(name, recipe, { tools, source, out, variables = {} }) {
  const build = mkdtempSync(join(bundleCache, `.build-${name}-`));
  const log = join(bundleCache, `${name}-${tools.arch}.log`);
  const env = {
    PATH: `${tools.bin}:${process.env.PATH}`,
    SRC: source,
    OUT: out,
    BUILD: build,
    JOBS: process.env.FRAMEPATH_BUNDLE_JOBS ?? '2',
    TRIPLET: tools.triplet,
    CPU: tools.triplet.split('-')[0],
    CCACHE_BASEDIR: bundleCache,
    CCACHE_NOHASHDIR: '1',
    SOURCE_DATE_EPOCH: '1700000000',
    ...variables,
  };
  try {
    run('bash', ['-euo', 'pipefail', '-c', `{ ${recipe}\n} > '${log}' 2>&1`], { cwd: build, env });
  } catch {
    throw new StepError(`${name} was not built; the end of ${log}:\n${readFileSync(log, 'utf8').slice(-3000)}`);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}

/** The unpacked source of a library. */
export function unpacked(name) {
  const pin = pins.sources[name];
  const folder = join(bundleCache, 'sources', `${name}-${pin.sha256.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  run('tar', ['-xf', fetchPinned(pin), '-C', scratch, '--strip-components=1']);
  renameSync(scratch, folder);
  return folder;
}

/** The folder a library is installed in, built when it is not there. */
export function library(name, tools) {
  const inputs = [tools.id, pins.sources[name].sha256, recipes[name]].join('\n');
  const out = join(
    bundleCache,
    'built',
    `${name}-${tools.arch}-${createHash('sha256').update(inputs).digest('hex').slice(0, 12)}`,
  );
  if (existsSync(out)) return out;
  progress(`building ${name} ${pins.sources[name].version}`);
  const source = unpacked(name);
  const scratch = `${out}.${process.pid}`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  runRecipe(name, recipes[name], { tools, source, out: scratch });
  writeFileSync(join(scratch, 'recipe'), recipes[name]);
  renameSync(scratch, out);
  return out;
}
