// All tarballs of a release, in build/release or --out FOLDER; nothing is published.
// --system: with the addon for this machine's FFmpeg, and without packages of FFmpeg's libraries.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parts, soname } from '../bundle/build.mjs';
import { writeLicences } from '../bundle/licences.mjs';
import { prebuild, prebuildForSystem, prebuilds } from '../prebuild.mjs';
import { setUp } from '../setup.mjs';
import { main, progress, root, run, StepError } from '../steps/shell.mjs';
import { addonManifest, libavManifest, published, runtimeManifest } from './packages.mjs';

/** No tarball of a release is larger, in MB. */
const mostMegabytes = [
  [/^framepath-\d/, 7],
  [/^framepath-linux-/, 4],
  [/^framepath-av-linux-/, 12],
];

/** Packs a folder; returns the tarball's path. */
function pack(folder, out) {
  const args = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', out];
  const [{ filename }] = JSON.parse(run('npm', args));
  const file = join(out, filename.replace('@framepath/', 'framepath-'));
  const megabytes = statSync(file).size / 1e6;
  progress(`${file.slice(out.length + 1)}: ${megabytes.toFixed(2)} MB`);
  const limit = mostMegabytes.find(([name]) => name.test(file.slice(out.length + 1)))?.[1];
  if (limit && megabytes > limit) throw new StepError(`${file} is larger than ${limit} MB`);
  return file;
}

/** A folder with a manifest and files: [from, to]. */
function stage(folder, manifest, files) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [from, to] of files) cpSync(from, join(folder, to), { recursive: true });
  return folder;
}

/** `framepath`: what npm packs of the root, with the manifest of a release. */
function packRoot(stages, out) {
  const plain = join(stages, 'plain');
  const folder = join(stages, 'framepath');
  for (const one of [plain, folder]) {
    rmSync(one, { recursive: true, force: true });
    mkdirSync(one, { recursive: true });
  }
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', plain]);
  run('tar', ['-xzf', join(plain, readdirSync(plain)[0]), '-C', folder, '--strip-components=1']);
  const manifest = join(folder, 'package.json');
  writeFileSync(manifest, `${JSON.stringify(published(JSON.parse(readFileSync(manifest, 'utf8'))), null, 2)}\n`);
  return pack(folder, out);
}

/**
 * ONNX Runtime's library, out of the package that the lockfile pins, which has no licence texts: those here are of the wheel
 * `onnxruntime` of the same version on PyPI, built from the same commit.
 */
export function stageRuntime(folder, platform) {
  const from = join(root, 'node_modules/onnxruntime-node');
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const library = 'libonnxruntime.so.1';
  const inside = join(from, 'bin', readdirSync(join(from, 'bin'))[0], ...platform.split('-'), library);
  const licences = join(import.meta.dirname, `licences/onnxruntime-${version}`);
  if (!existsSync(licences))
    throw new StepError(`Take LICENSE and ThirdPartyNotices.txt of onnxruntime ${version} to ${licences}`);
  const texts = readdirSync(licences).map((name) => [join(licences, name), name]);
  return stage(folder, runtimeManifest(platform, version), [[inside, library], ...texts]);
}

export async function packAll({ system = false, out = join(root, 'build/release') } = {}) {
  const stages = join(root, 'build/stages');
  const platform = `${process.platform}-${process.arch}`;
  mkdirSync(out, { recursive: true });
  for (const old of readdirSync(out)) if (old.endsWith('.tgz')) rmSync(join(out, old));
  await setUp();
  const bundle = system ? undefined : await prebuild();
  if (system) await prebuildForSystem();
  const tarballs = [packRoot(stages, out), pack(join(root, 'packages/models'), out)];
  const inside = `prebuilds/${platform}`;
  const files = ['framepath.node', 'framepath-reader', ...(system ? [] : ['system'])];
  const addon = files.map((name) => [join(prebuilds, name), join(inside, name)]);
  addon.push([join(root, 'LICENSE'), 'LICENSE']);
  tarballs.push(pack(stage(join(stages, platform), addonManifest(platform), addon), out));
  tarballs.push(pack(stageRuntime(join(stages, `onnxruntime-${platform}`), platform), out));
  if (bundle) {
    const about = JSON.parse(readFileSync(join(bundle, 'about.json'), 'utf8'));
    const libraries = [soname, 'about.json'].map((name) => [join(bundle, name), name]);
    const folder = stage(join(stages, about.name), libavManifest(platform, about.licence), libraries);
    writeLicences(folder, parts);
    tarballs.push(pack(folder, out));
  }
  return tarballs;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const options = { system: { type: 'boolean' }, out: { type: 'string' } };
    await packAll(parseArgs({ options }).values);
  });
}
