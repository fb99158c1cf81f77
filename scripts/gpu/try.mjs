// npm run gpu:try: packs, unpacks in a root folder that has a C library and a shell and nothing else, with no network, and
// runs the suite's quick form there on the simulated GPU. Needs root. --keep leaves the folder, --packed takes the bundles
// that are there.
//
// It shows that the pack is whole and that every step works; speed it cannot show, and what a real driver does neither.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setUp } from '../setup.mjs';
import { main, progress, root, run, StepError } from '../steps/shell.mjs';
import { python } from '../steps/system-packages.mjs';
import { neededBy, ofCuda, ofGlibc } from './elf.mjs';
import { steps } from './measure/steps.mjs';
import { pack, readOptions } from './pack.mjs';
import { systemLibrary } from './tree.mjs';

/** Debian packages whose files make the root folder: enough for unpack, ldd and a shell. No libstdc++, no Python. */
const rootPackages = [
  ...['libc6', 'libc-bin', 'dash', 'bash', 'coreutils', 'tar', 'sed', 'grep', 'xz-utils'],
  ...['liblzma5', 'libacl1', 'libattr1', 'libselinux1', 'libpcre2-8-0', 'libtinfo6', 'libgmp10'],
];
const merged = { bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64' };

function makeRoot(folder) {
  for (const [link, target] of Object.entries(merged)) {
    mkdirSync(join(folder, target), { recursive: true });
    symlinkSync(target, join(folder, link));
  }
  for (const name of ['proc', 'dev', 'tmp', 'etc', 'opt', 'root']) mkdirSync(join(folder, name), { recursive: true });
  const files = run('dpkg', ['-L', ...rootPackages])
    .split('\n')
    .filter((file) => file && !file.startsWith('/usr/share/') && !file.startsWith('/etc/') && existsSync(file));
  writeFileSync(join(folder, 'files'), files.join('\n'));
  run('tar', [
    '-C',
    '/',
    '--no-recursion',
    '--exclude=./bin',
    '-cf',
    join(folder, 'root.tar'),
    '-T',
    join(folder, 'files'),
  ]);
  run('tar', ['-C', folder, '--keep-directory-symlink', '-xf', join(folder, 'root.tar')]);
  rmSync(join(folder, 'root.tar'));
  rmSync(join(folder, 'files'));
}

/** The simulated driver, with the libraries that it needs and the pack has not. */
function addSimulator(folder, packed) {
  const to = join(folder, 'opt/simulator');
  cpSync(join(root, 'build/simulator'), to, { recursive: true, dereference: true });
  const waiting = readdirSync(to).filter((name) => name.includes('.so'));
  const inPack = new Set(['ffmpeg', 'compat'].flatMap((name) => readdirSync(join(packed, name))));
  for (let name = waiting.shift(); name; name = waiting.shift())
    for (const needed of neededBy(join(to, name))) {
      if (ofGlibc.test(needed) || inPack.has(needed) || existsSync(join(to, needed))) continue;
      cpSync(systemLibrary(needed), join(to, needed), { dereference: true });
      waiting.push(needed);
    }
}

/** Runs a command in the folder as root folder: no network but its own, no mount that outlives it. */
function inside(folder, command, env = {}) {
  const prepare = [
    'ip link set lo up',
    `mount -t proc proc '${folder}/proc'`,
    `mount --rbind /dev '${folder}/dev'`,
    `exec chroot '${folder}' /usr/bin/env -i PATH=/usr/bin:/usr/sbin HOME=/root ${Object.entries(env)
      .map(([name, value]) => `${name}='${value}'`)
      .join(' ')} /bin/sh -c '${command}'`,
  ].join(' && ');
  return spawnSync('unshare', ['--mount', '--net', '--fork', '--pid', '--kill-child', 'sh', '-c', prepare], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 9 * 60_000,
    killSignal: 'SIGKILL',
  });
}

function unpackIn(folder, packs) {
  cpSync(packs, join(folder, 'opt/packs'), { recursive: true });
  const ran = inside(folder, '/opt/packs/unpack /opt/packs /opt/framepath-gpu');
  process.stdout.write(ran.stdout);
  if (ran.status !== 0) throw new StepError(`unpack failed with ${ran.signal ?? ran.status}`);
  const missing = [...ran.stdout.matchAll(/^missing on this machine: (\S+)/gm)].map(([, name]) => name);
  const foreign = missing.filter((name) => !ofCuda.test(name));
  if (foreign.length) throw new StepError(`The pack needs more of a machine than CUDA: ${foreign.join(', ')}`);
}

/** Without xz and sha256sum, python3 does their work: tried outside of the root folder, which has no Python. */
function unpackByPython(folder, packs) {
  const tools = join(folder, 'tools');
  mkdirSync(tools, { recursive: true });
  symlinkSync(python, join(tools, 'python3'));
  for (const name of 'sh tar sed grep cp rm touch mkdir dirname cat head ldd sort env bash'.split(' '))
    symlinkSync(run('sh', ['-c', `command -v ${name}`]).trim(), join(tools, name));
  const to = join(folder, 'by-python');
  const ran = spawnSync('sh', [join(packs, 'unpack'), packs, to], { encoding: 'utf8', env: { PATH: tools } });
  if (ran.status !== 0) throw new StepError(`unpack with python3 alone failed: ${ran.stdout}${ran.stderr}`);
  rmSync(to, { recursive: true });
}

/** A bundle with one byte changed must be refused, and named. */
function damagedIn(folder, packs) {
  const to = join(folder, 'damaged');
  cpSync(packs, to, { recursive: true });
  const bundle = readdirSync(to)
    .filter((name) => name.endsWith('.tar.xz'))
    .sort()[0];
  const bytes = readFileSync(join(to, bundle));
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(join(to, bundle), bytes);
  const ran = spawnSync('sh', [join(to, 'unpack'), to, join(folder, 'from-damaged')], { encoding: 'utf8' });
  if (ran.status !== 1 || !ran.stderr.includes(`${bundle} is damaged`))
    throw new StepError(`A damaged bundle was not refused: ${ran.status} ${ran.stderr}`);
  for (const name of ['damaged', 'from-damaged']) rmSync(join(folder, name), { recursive: true });
}

/** Checks the suite's JSON on the simulated GPU; throws with what is missing. */
function checkResult({ steps: entries, targets, seconds }) {
  const wrong = [];
  const names = entries.map(({ name }) => name).join();
  if (names !== steps.map(({ name }) => name).join()) wrong.push(`the steps are ${names}`);
  for (const { name, ok, error } of entries) if (!ok) wrong.push(`${name}: ${error}`);
  const result = Object.fromEntries(entries.map((entry) => [entry.name, entry.result]));
  const usable = result.environment?.doctor?.native?.cuda?.usable;
  if (usable !== true) wrong.push('doctor finds no usable GPU');
  if (!(result.kernels?.equal?.passed > 0)) wrong.push('no kernel was compared');
  if (!result.pipelines?.rows?.some(({ device }) => device === 'cuda:0')) wrong.push('no pipeline ran on cuda:0');
  const verdicts = new Set(targets.map(({ verdict }) => verdict));
  if (!verdicts.has('met')) wrong.push('no target was judged');
  if (!(seconds < 480)) wrong.push(`it took ${seconds} s`);
  if (wrong.length) throw new StepError(`On the simulated GPU, in the root folder:\n  ${wrong.join('\n  ')}`);
}

async function tryPacks({ packed, keep }) {
  if (process.getuid() !== 0) throw new StepError('chroot and unshare need root: sudo npm run gpu:try');
  const packs = join(root, 'build/gpu-packs');
  await setUp('simulator');
  // The least compression: what is tried is whether it works.
  if (!packed) await pack(readOptions(['--out', packs, '--compression', '1']));
  const folder = mkdtempSync(join(tmpdir(), 'framepath-root-'));
  try {
    makeRoot(folder);
    progress(`unpacking in ${folder}`);
    unpackIn(folder, packs);
    damagedIn(folder, packs);
    unpackByPython(folder, packs);
    const restored = join(folder, 'opt/framepath-gpu');
    addSimulator(folder, restored);
    progress('the suite, in its quick form');
    const runtime = '/opt/framepath-gpu/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1';
    const ran = inside(folder, '/opt/framepath-gpu/suite --quick --json /opt/result.json', {
      LD_LIBRARY_PATH: '/opt/simulator:/opt/simulator/ort', // onnxruntime-node's binding takes the simulated one too
      FRAMEPATH_ORT_LIBRARY: '/opt/simulator/ort/libonnxruntime.so.1',
      FRAMEPATH_SIM_ORT_REAL: runtime,
      // The simulated NVDEC shows what it finds in files: of a stream it needs its name.
      FRAMEPATH_SIM_NVDEC_FILES: '/opt/framepath-gpu/clips/live.flv',
    });
    process.stdout.write(ran.stdout);
    const file = join(folder, 'opt/result.json');
    if (!existsSync(file)) throw new StepError(`The suite ended with ${ran.signal ?? ran.status} and no result`);
    cpSync(file, join(root, 'build/gpu-try.json'));
    checkResult(JSON.parse(readFileSync(file, 'utf8')));
    progress(`the packs work: ${basename(packs)}, build/gpu-try.json`);
  } finally {
    if (keep) progress(`left: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values } = parseArgs({ options: { packed: { type: 'boolean' }, keep: { type: 'boolean' } } });
    await tryPacks(values);
  });
}
