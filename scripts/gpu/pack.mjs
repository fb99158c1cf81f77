// scripts/gpu/pack: bundles for a machine with an NVIDIA GPU that reaches no network, and what to do with them there:
// scripts/gpu/unpack, then ./suite. See docs/gpu.md.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { setUp } from '../setup.mjs';
import { hasProgram, main, progress, root, run, runLoud, StepError } from '../steps/shell.mjs';
import { ensureSystemPackages } from '../steps/system-packages.mjs';
import { checksums, divide, mebibyte } from './bundles.mjs';
import { renderGpuClips } from './clips.mjs';
import { examine } from './elf.mjs';
import { smallFfmpeg } from './ffmpeg.mjs';
import { cudaProvider } from './provider.mjs';
import { filesBelow, makeTree, partOf, testPrograms } from './tree.mjs';

const usage = `Usage: scripts/gpu/pack [options]

  --arch N,...       GPU architectures whose code the CUDA provider keeps: 75, 80, 86, 89, 90, 120 (90)
  --out FOLDER       (build/gpu-packs)
  --limit MIB        of a bundle (55)
  --compression N    of xz, 0 to 9 (1: 9 takes three times as long and saves a twentieth)
`;

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      arch: { type: 'string', default: '90' },
      out: { type: 'string', default: join(root, 'build/gpu-packs') },
      limit: { type: 'string', default: '55' },
      compression: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const archs = values.arch.split(',').map(Number);
  const [limit, compression] = [Number(values.limit), Number(values.compression)];
  const fits =
    archs.every((arch) => Number.isInteger(arch) && arch > 0) && limit > 1 && /^[0-9]$/.test(values.compression);
  if (!fits) throw new StepError(usage);
  return { help: values.help, archs, out: resolve(values.out), limit: limit * mebibyte, compression };
}

async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A part of the tree as one compressed archive, the same bytes for the same files. */
async function compress(tree, files, to, compression) {
  const list = `${to}.list`;
  writeFileSync(list, files.map((file) => `${file}\0`).join(''));
  const tar = `tar -C '${tree}' --owner=0 --group=0 --mtime=@0 --null -T '${list}' -cf -`;
  // A window in which a clip that repeats itself is seen to.
  const xz = `xz --lzma2=preset=${compression},dict=64MiB`;
  const status = await runLoud('bash', ['-c', `set -o pipefail; ${tar} | ${xz} > '${to}'`]);
  if (status !== 0) throw new StepError(`${basename(to)} cannot be written: see above.`);
  rmSync(list);
  progress(`${basename(to)}: ${(statSync(to).size / mebibyte).toFixed(1)} MiB`);
}

/** Compresses the parts of the tree and puts them into bundles; resolves with [{file, bytes, sha256, parts}]. */
async function writeBundles(tree, files, { out, limit, compression }) {
  const scratch = join(out, 'parts');
  mkdirSync(scratch, { recursive: true });
  const archive = (name) => join(scratch, `${name}.tar.xz`);
  const filesOf = (name) => files.filter((path) => partOf(path) === name);
  const names = [...new Set(files.map(partOf))];
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift())
      await compress(tree, filesOf(name), archive(name), compression);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const parts = names.map((name) => ({ name, bytes: statSync(archive(name)).size }));
  const bundles = [];
  for (const bundle of divide(parts, limit)) {
    const file = join(out, bundle.file);
    writeFileSync(file, '');
    for (const name of bundle.parts)
      await pipeline(createReadStream(archive(name)), createWriteStream(file, { flags: 'a' }));
    bundles.push({ ...bundle, sha256: await sha256(file) });
  }
  rmSync(scratch, { recursive: true });
  return bundles;
}

/** Stops where the tree needs a library that neither it nor glibc nor CUDA has. */
function examined(tree, files) {
  const { missing, glibc, glibcxx } = examine(files.map((path) => join(tree, path)));
  if (missing.length) {
    const lines = missing.map(({ file, missing: name }) => `  ${basename(file)} needs ${name}`);
    throw new StepError(`The pack would need libraries of this machine:\n${lines.join('\n')}`);
  }
  return { glibc, glibcxx };
}

/** Nothing of somebody else's is removed: the folder is empty, new, or holds what a pack left there. */
function requireOurs(out) {
  const ours = /^(\d+\.tar\.xz|parts|pack\.json|(bundles|files)\.sha256|unpack)$/;
  const other = existsSync(out) ? readdirSync(out).find((name) => !ours.test(name)) : undefined;
  if (other) throw new StepError(`${out} holds '${other}', which no pack made. Give --out a folder of its own.`);
}

export async function pack(options) {
  const { archs, out } = options;
  requireOurs(out);
  await ensureSystemPackages({ 'xz-utils': () => hasProgram('xz'), binutils: () => hasProgram('readelf') });
  process.env.FRAMEPATH_FATBIN = '1'; // for GPUs that this machine lacks
  await setUp(...testPrograms);
  const inputs = { ffmpeg: await smallFfmpeg(), provider: await cudaProvider(archs), clips: renderGpuClips() };
  const tree = join(root, 'build/gpu-tree');
  makeTree(tree, inputs);
  const files = filesBelow(tree);
  const needs = examined(tree, files);
  progress(`packing ${files.length} files; they need glibc ${needs.glibc} or later`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const bundles = await writeBundles(tree, files, options);
  const sums = [];
  for (const path of files) sums.push({ path, sha256: await sha256(join(tree, path)) });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifest = { framepath: version, node: process.version, archs, needs, bundles };
  writeFileSync(join(out, 'pack.json'), `${JSON.stringify(manifest, null, 1)}\n`);
  writeFileSync(
    join(out, 'bundles.sha256'),
    checksums(bundles.map(({ file, sha256: sum }) => ({ path: file, sha256: sum }))),
  );
  writeFileSync(join(out, 'files.sha256'), checksums(sums));
  run('cp', [join(root, 'scripts/gpu/unpack'), out]);
  return bundles;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(usage);
      return;
    }
    for (const { file, bytes, parts } of await pack(options))
      progress(`${join(options.out, file)}: ${(bytes / mebibyte).toFixed(1)} MiB (${parts.join(', ')})`);
    progress(
      'bring them with unpack, pack.json and both lists of checksums, all at once or one after another, and run ./unpack there',
    );
  });
}
