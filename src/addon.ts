/**
 * Loads the native addon: one built here, else the one of this platform's package, after the FFmpeg libraries that it is
 * linked with.
 */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FramepathError } from './errors.js';
import type { NativeAddon } from './native.js';

/** @internal */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const platformPackage = `@framepath/${platform}`;
/** As node-gyp-build finds it. */
const prebuilt = `prebuilds/${platform}/framepath.node`;
const libavFile = /^libframepath-av\.so\.\d+$/;

const libavPackage = `@framepath/av-${platform}`;
/** The packages with FFmpeg's libraries, best first. The one with x264 and x265 is not published yet: no error names it. */
const libavPackages = [`@framepath/av-gpl-${platform}`, libavPackage];

/** The folder of an installed package, as seen from ours (hoisted, nested, linked) and from the program's. @internal */
export function folderOf(name: string, root: string): string | undefined {
  for (const from of [root, process.cwd()]) {
    try {
      return dirname(createRequire(join(from, 'package.json')).resolve(`${name}/package.json`));
    } catch {
      // not there
    }
  }
  return undefined;
}

/** Where an addon may be, best first: the one that is asked for alone, else a build of this machine before a prebuilt one. */
function candidates(root: string): string[] {
  if (process.env.FRAMEPATH_ADDON) return [process.env.FRAMEPATH_ADDON];
  return [join(root, 'build/Release/framepath.node'), join(folderOf(platformPackage, root) ?? root, prebuilt)];
}

/**
 * Files with FFmpeg's libraries for a prebuilt addon, best first; that of the system only points to them. Beside the addon are
 * those of a `prebuilds` folder that was taken elsewhere.
 */
function libavs(addon: string, root: string): string[] {
  const folders =
    process.env.FRAMEPATH_AV === 'system'
      ? [join(dirname(addon), 'system')]
      : [...libavPackages.map((name) => folderOf(name, root)), dirname(addon)];
  return folders.flatMap((folder) =>
    folder && existsSync(folder)
      ? readdirSync(folder)
          .filter((file) => libavFile.test(file))
          .map((file) => join(folder, file))
      : [],
  );
}

/** Prebuilt addons of this thread by file: require() keeps what it loaded itself, and dlopen() would initialise another. */
const opened = new Map<string, NativeAddon>();

/**
 * By its own symbols before those of the process: another FFmpeg there (Electron's libffmpeg.so) has the same names. AddressSanitizer
 * and replaced mallocs do not work so: `FRAMEPATH_DEEPBIND=off`.
 */
function open(file: string): unknown {
  const { RTLD_NOW, RTLD_DEEPBIND = 0 } = constants.dlopen;
  const module = { exports: {} };
  process.dlopen(module, file, RTLD_NOW | (process.env.FRAMEPATH_DEEPBIND === 'off' ? 0 : RTLD_DEEPBIND));
  return module.exports;
}

const reasonOf = (error: unknown) => (error as Error).message.split('\n')[0];

/** Undefined: `tried` has why. */
function load(file: string, root: string, tried: string[]): NativeAddon | undefined {
  const kept = opened.get(file);
  if (kept) return kept;
  try {
    return createRequire(import.meta.url)(file) as NativeAddon;
  } catch (error) {
    // A prebuilt addon asks for the libraries by a name that nothing else has: what has it must be loaded before.
    if (!/libframepath-av\.so/.test(reasonOf(error)!)) {
      tried.push(`${file}: ${reasonOf(error)}`);
      return undefined;
    }
  }
  const found = libavs(file, root);
  if (found.length === 0) {
    const wanted = process.env.FRAMEPATH_AV === 'system' ? join(dirname(file), 'system') : libavPackage;
    tried.push(`${file}: it needs FFmpeg's libraries; none in ${wanted}`);
  }
  for (const libav of found) {
    try {
      open(libav);
      const addon = open(file) as NativeAddon;
      opened.set(file, addon);
      return addon;
    } catch (error) {
      tried.push(`${file} with ${libav}: ${reasonOf(error)}`);
    }
  }
  return undefined;
}

/** The libavcodec libraries in the usual folders, e.g. `libavcodec.so.59`. */
function installedLibav(): string[] {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/lib', `/usr/lib/${machine}-linux-gnu`];
  folders.push(...(process.env.LD_LIBRARY_PATH?.split(':') ?? []));
  const found = folders
    .filter((folder) => folder && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((file) => /^libavcodec\.so\.\d+$/.test(file)));
  return [...new Set(found)].sort();
}

const buildScript = (root: string) => join(root, 'scripts/build.mjs');

function addonMissing(root: string, tried: string[]): FramepathError {
  const sentence = `The native addon cannot be loaded on ${platform}.`;
  const error = (what: string, hint: string) =>
    new FramepathError('ADDON_MISSING', [what, ...tried].join('\n  '), { hint });
  const script = buildScript(root);
  if (!existsSync(script))
    return error(
      `${sentence} ${root} is not the folder of the package: was framepath bundled?`,
      `Keep it out of the bundle: --external:framepath (esbuild), serverExternalPackages: ['framepath'] (Next.js); docs/install.md`,
    );
  const missing = [platformPackage, libavPackage].filter((name) => !folderOf(name, root));
  const installed = installedLibav();
  const libav = installed.length ? `Installed: ${installed.join(', ')}.` : 'No libavcodec (FFmpeg) is installed.';
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const build = `Build it for this machine: node ${script}`;
  if (report?.header && !report.header.glibcVersionRuntime)
    return error(
      `${sentence} The packages are for glibc; this system has another C library (musl: Alpine). ${libav} Tried:`,
      `Use a Debian image (node:24-slim) instead of Alpine's. ${build}`,
    );
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const install = `npm install --no-save ${missing.map((name) => `${name}@${version}`).join(' ')}`;
  if (missing.length > 0 && process.env.FRAMEPATH_AV !== 'system' && ['x64'].includes(process.arch))
    return error(
      `${sentence} Not installed: ${missing.join(', ')} (--omit=optional, or a lockfile of another system?). ${libav} Tried:`,
      existsSync(join(root, 'scripts/setup.mjs')) ? build : `Install them: ${install}`,
    );
  return error(`${sentence} ${libav} Tried:`, build);
}

/**
 * Loads the addon of the package in `root` (this one).
 *
 * @throws PLATFORM_UNSUPPORTED where there can be none; ADDON_MISSING, with what was tried, what is installed and the command
 * that helps
 */
export function loadAddon(root = packageRoot): NativeAddon {
  if (process.platform !== 'linux') {
    throw new FramepathError(
      'PLATFORM_UNSUPPORTED',
      `framepath's native addon runs on Linux, and this is ${platform}: types and imports work here, runs do not`,
    );
  }
  const tried: string[] = [];
  // Without the files of the package around this one it was copied into a bundle: models and programs would be missing too.
  const files = process.env.FRAMEPATH_ADDON || existsSync(buildScript(root)) ? candidates(root) : [];
  for (const file of files) {
    if (!existsSync(file)) {
      tried.push(`${file}: not there`);
      continue;
    }
    const addon = load(file, root, tried);
    if (addon) return addon;
  }
  throw addonMissing(root, tried);
}
