// The packages of a release: `framepath` and `@framepath/models` as they stand in the repository, and for each platform the addon
// and FFmpeg's libraries, of which there is a manifest here only. They are no workspaces: npm refuses to install a clone
// that has one for another processor or system (EBADPLATFORM). One version for all of them, that of the repository.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps/shell.mjs';

const { version, homepage, bugs, repository, engines, license } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** Platforms that packages are made for. */
export const platforms = ['linux-x64'];

export const addonPackage = (platform) => `@framepath/${platform}`;
export const libavPackage = (platform) => `@framepath/av-${platform}`;
export const runtimePackage = (platform) => `@framepath/onnxruntime-${platform}`;

function manifest(name, platform, more) {
  const [os, cpu] = platform.split('-');
  const gates = { os: [os], cpu: [cpu], libc: ['glibc'], preferUnplugged: true };
  return { name, version, ...more, homepage, bugs, repository, engines, ...gates };
}

export const addonManifest = (platform) =>
  manifest(addonPackage(platform), platform, {
    description: `The native addon of framepath for ${platform}`,
    license,
    files: ['prebuilds'],
  });

export const libavManifest = (platform, license) =>
  manifest(libavPackage(platform), platform, {
    description: `FFmpeg's libraries in one file, for framepath on ${platform}`,
    license,
    files: ['libframepath-av.so.*', 'about.json', 'SOURCE.txt', 'licences'],
  });

/** ONNX Runtime's library for the CPU, 45 MB of the 291 MB of onnxruntime-node, which has no script to download more. */
export const runtimeManifest = (platform, runtimeVersion) =>
  manifest(runtimePackage(platform), platform, {
    description: `ONNX Runtime ${runtimeVersion} for the CPU, as framepath uses it on ${platform}`,
    license: 'MIT',
    files: ['libonnxruntime.so.1', 'ThirdPartyNotices.txt'],
  });

/** The manifest of `framepath` as it is published: with the packages of all platforms, without what a clone needs. */
export function published({ devDependencies, scripts, workspaces, allowScripts, ...kept }) {
  const own = platforms.flatMap((platform) => [
    addonPackage(platform),
    libavPackage(platform),
    runtimePackage(platform),
  ]);
  return { ...kept, optionalDependencies: Object.fromEntries(own.map((name) => [name, version])) };
}
