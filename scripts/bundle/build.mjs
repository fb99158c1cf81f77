// libframepath-av.so: FFmpeg's five libraries, and those that they need, in one file with a name of its own. Its sources are
// pinned by hash (pins.json), everything is kept in ~/.cache/framepath/bundle: node scripts/bundle/build.mjs
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, progress, run, StepError } from '../steps/shell.mjs';
import { ensureSystemPackages, program } from '../steps/system-packages.mjs';
import { bundleCache, pins } from './fetch.mjs';
import { configureLine } from './ffmpeg.mjs';
import { library, runRecipe, unpacked } from './libraries.mjs';
import { toolchain, tooNew } from './toolchain.mjs';

/** Changes with what a program that is linked with the libraries can call: FFmpeg's libavcodec has the same number. */
export const abi = 61;
export const soname = `libframepath-av.so.${abi}`;

/** What FFmpeg is linked with. */
const names = ['zlib', 'nv-codec-headers', 'mbedtls', 'openh264', 'dav1d'];
/** Whose code is in the file. */
export const parts = ['ffmpeg', ...names];

// `system` stands in for the bundle: a library of its name that has only the names of the system's libraries.
// openh264 is C++; zlib and the math library come last, and what an older glibc lacks is there before all of them.
const link = `
framepath-cc -O2 -fPIC -fvisibility=hidden -c $FLOOR -o floor.o
framepath-cc -O2 -fPIC -include about.h -c $MODULE -o module.o
framepath-c++ -shared -o $OUT/${soname} floor.o module.o -Wl,-soname,${soname} -Wl,--version-script=exports.map -Wl,-Bsymbolic \\
  -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed \\
  -Wl,--whole-archive $OUT/lib/libav{format,codec,util}.a $OUT/lib/libsw{scale,resample}.a -Wl,--no-whole-archive \\
  -Wl,--start-group $(for one in $PREFIXES; do ls $one/lib/*.a 2>/dev/null; done) -Wl,--end-group -lm -lpthread -ldl
cp $OUT/${soname} $OUT/unstripped.so
framepath-strip --strip-unneeded $OUT/${soname}
mkdir -p $OUT/system named
for name in avformat avcodec avutil swscale swresample; do
  major=$(sed -n 's/^Version: \\([0-9]*\\).*/\\1/p' $OUT/lib/pkgconfig/lib$name.pc)
  framepath-cc -shared -nostdlib -Wl,-soname,lib$name.so.$major -x c /dev/null -o named/lib$name.so
done
framepath-cc -shared -fPIC -O2 $MODULE -o $OUT/system/${soname} -Wl,-soname,${soname} -Wl,-z,nodelete -Wl,--no-as-needed named/*.so
framepath-strip --strip-unneeded $OUT/system/${soname}`;

const exportsMap = `{ global: av_*; avcodec_*; avformat_*; avio_*; avpriv_*; avsubtitle_free; avutil_*; sws_*; swr_*; swscale_*;
  swresample_*; framepath_av_about; napi_register_module_v1; local: *; };
`;

/** Debian packages that the build needs. */
export const bundleNeeds = Object.fromEntries(
  Object.entries({
    gcc: 'gcc',
    'g++': 'g++',
    make: 'make',
    cmake: 'cmake',
    'ninja-build': 'ninja',
    meson: 'meson',
    nasm: 'nasm',
    'pkg-config': 'pkg-config',
    'xz-utils': 'xz',
    bzip2: 'bzip2',
  }).map(([name, command]) => [name, program(command)]),
);

/** Builds it, or takes the one in the cache: the folder with the file, `include`, `lib/pkgconfig` and about.json. */
export function buildBundle() {
  const tools = toolchain(process.arch);
  const prefixes = names.map((name) => library(name, tools));
  const configure = configureLine();
  const inputs = [
    tools.id,
    pins.sources.ffmpeg.sha256,
    ...prefixes,
    ...configure,
    link,
    exportsMap,
    readFileSync(join(import.meta.dirname, 'av/module.c')),
    readFileSync(tools.floor),
  ];
  const hash = createHash('sha256').update(inputs.join('\n')).digest('hex').slice(0, 12);
  const out = join(bundleCache, 'built', `av-${tools.arch}-${hash}`);
  if (existsSync(out)) return out;
  progress(`building FFmpeg ${pins.sources.ffmpeg.version}`);
  const source = unpacked('ffmpeg');
  const scratch = `${out}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  const about = {
    name: `@framepath/av-linux-${tools.arch}`,
    licence: 'LGPL-3.0-or-later',
    ffmpeg: pins.sources.ffmpeg.version,
    configure: configure.join(' '),
    sources: parts.map((name) => {
      const { version, file, sha256, licence } = pins.sources[name];
      return { name, version, licence, file: file.split('/').at(-1), sha256 };
    }),
  };
  writeFileSync(join(scratch, 'about.json'), `${JSON.stringify(about, null, 2)}\n`);
  writeFileSync(join(scratch, 'about.h'), `#define FRAMEPATH_AV_ABOUT ${JSON.stringify(JSON.stringify(about))}\n`);
  writeFileSync(join(scratch, 'exports.map'), exportsMap);
  const quoted = configure.map((option) => `'${option}'`).join(' ');
  runRecipe(
    'av',
    `
export PKG_CONFIG_LIBDIR=$(for one in $PREFIXES; do printf "$one/lib/pkgconfig:"; done)
export CPATH=$(for one in $PREFIXES; do printf "$one/include:"; done) LIBRARY_PATH=$(for one in $PREFIXES; do printf "$one/lib:"; done)
ln -s $SRC src
src/configure ${quoted} || { tail -40 ffbuild/config.log; false; }
make -j $JOBS
make install DESTDIR=$OUT
cp $OUT/about.h $OUT/exports.map .
${link}`,
    {
      tools,
      source,
      out: scratch,
      variables: { PREFIXES: prefixes.join(' '), FLOOR: tools.floor, MODULE: join(import.meta.dirname, 'av/module.c') },
    },
  );
  const file = join(scratch, soname);
  if (tooNew(file).length) throw new StepError(`${soname} needs a newer glibc: see above`);
  if (/enable-gpl|libx26[45]|x26[45]_(encoder|param)/.test(run('strings', [file])))
    throw new StepError(`${soname} has something of x264 or x265`);
  renameSync(scratch, out);
  return out;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    await ensureSystemPackages(bundleNeeds);
    progress(buildBundle());
  });
}
