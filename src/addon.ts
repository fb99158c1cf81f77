/** Finds the native addon: one built here, else the prebuilt one that fits this machine's FFmpeg. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FramepathError } from './errors.js';
import type { NativeAddon } from './native.js';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));

/** `framepath.av59.node` -> 59, the libavcodec major it was linked with. */
const majorOf = (file: string): number => Number(/\.av(\d+)\.node$/.exec(file)?.[1] ?? 0);

/** Where an addon may be, best first: the one that is asked for alone, else a build of this machine before a prebuilt one. */
function candidates(root: string): string[] {
  if (process.env.FRAMEPATH_ADDON) return [process.env.FRAMEPATH_ADDON];
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const prebuilt = existsSync(folder) ? readdirSync(folder).filter((file) => majorOf(file) > 0) : [];
  prebuilt.sort((a, b) => majorOf(b) - majorOf(a));
  return [join(root, 'build/Release/framepath.node'), ...prebuilt.map((file) => join(folder, file))];
}

/** The libavcodec libraries in the usual folders, e.g. `libavcodec.so.59`. */
function installedLibav(): string[] {
  const folders = [
    '/usr/lib',
    '/usr/lib64',
    '/usr/local/lib',
    '/lib',
    ...(process.env.LD_LIBRARY_PATH?.split(':') ?? []),
  ];
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  folders.push(`/usr/lib/${machine}-linux-gnu`);
  const found = folders
    .filter((folder) => folder && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((file) => /^libavcodec\.so\.\d+$/.test(file)));
  return [...new Set(found)].sort();
}

function addonMissing(root: string, tried: string[]): FramepathError {
  const sentence = `The native addon cannot be loaded on ${process.platform}-${process.arch}.`;
  const script = join(root, 'scripts/build.mjs');
  if (!existsSync(script)) {
    // The files of the package are not around this one: it was copied into a bundle.
    const what = `${sentence} ${root} is not the folder of the package: was framepath bundled? Tried:`;
    const hint = `Keep it out of the bundle: --external:framepath (esbuild), serverExternalPackages: ['framepath'] (Next.js); docs/install.md`;
    return new FramepathError('ADDON_MISSING', [what, ...tried].join('\n  '), { hint });
  }
  const installed = installedLibav();
  const build = `node ${script}`;
  const libav = installed.length
    ? `Installed here: ${installed.join(', ')}.`
    : 'No libavcodec (FFmpeg) is installed here.';
  const hint = installed.length
    ? `Build it for this machine: ${build}`
    : `Install FFmpeg's libraries (Debian: apt-get install ffmpeg); if theirs is another version, build for it: ${build}`;
  return new FramepathError('ADDON_MISSING', [`${sentence} ${libav} Tried:`, ...tried].join('\n  '), { hint });
}

/**
 * Loads the addon of the package in `root` (this one).
 *
 * @throws PLATFORM_UNSUPPORTED where there can be none; ADDON_MISSING, with what was tried, what is installed and how to
 * build it
 */
export function loadAddon(root = packageRoot): NativeAddon {
  if (process.platform !== 'linux') {
    const here = `${process.platform}-${process.arch}`;
    throw new FramepathError(
      'PLATFORM_UNSUPPORTED',
      `framepath's native addon runs on Linux, and this is ${here}: types and imports work here, runs do not`,
    );
  }
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const file of candidates(root)) {
    if (!existsSync(file)) {
      tried.push(`${file}: not there`);
      continue;
    }
    try {
      return require(file) as NativeAddon;
    } catch (error) {
      tried.push(`${file}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw addonMissing(root, tried);
}
