// Runs a target in child processes of bounded memory, which may crash or hang: that is a failure of the input at hand.
//
//   node test/fuzz/js/NAME.mjs --seconds S --seed N [--inputs N] [--keep DIR]
//   node test/fuzz/js/NAME.mjs FILE...     replays inputs that were kept
//
// The last line is `NAME: N inputs, N failures, seed N`; the status is 1 where there were failures. Input i of a seed is
// always the same, wherever it runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutateBytes, mutateTree, random } from './mutate.mjs';

/** CPU time of one input; and wall time, which a loaded machine stretches. */
const [mostCpuMs, mostWallMs] = [2_000, 30_000];
/** Heap of a child; and array buffers after an input, beside what the inputs take. Inputs have a few kilobytes. */
const [heapMb, mostBufferBytes] = [192, 128 * 2 ** 20];
/** Failures after which a target is given up: they are all alike by then. */
const mostFailures = 20;

/**
 * Input `i` of a target: one of its seeds, changed as plain data, then as bytes.
 * A target is { name, seeds: () => trees, encode: (tree) => bytes, run: (bytes, folder) => 'read' | 'refused' }.
 */
export function inputOf(target, seed, i) {
  const draw = random(createHash('sha256').update(`${target.name} ${seed} ${i}`).digest().readUInt32LE(0));
  target.encoded ??= target.seeds().map((tree) => ({ tree, bytes: target.encode(tree) }));
  const { tree, bytes } = draw.one(target.encoded);
  let result = bytes;
  if (draw.chance(0.7)) {
    try {
      result = target.encode(mutateTree(tree, draw));
    } catch {
      // what cannot be written is no input
    }
  }
  const others = target.encoded.map((one) => one.bytes);
  return result === bytes || draw.chance(0.3) ? mutateBytes(result, others, draw) : result;
}

/** Why an input fails; undefined for one that is read or refused as it should be. */
export async function failureOf(target, bytes, folder) {
  const began = process.cpuUsage();
  let share = 'refused';
  try {
    share = await target.run(bytes, folder);
  } catch (error) {
    return { why: error?.stack ?? String(error) };
  }
  const { user, system } = process.cpuUsage(began);
  if (user + system > mostCpuMs * 1000) return { why: `hang: ${Math.round((user + system) / 1000)} ms of CPU time` };
  const { arrayBuffers } = process.memoryUsage();
  if (arrayBuffers > mostBufferBytes) return { why: `memory: ${arrayBuffers} bytes of array buffers` };
  return { share };
}

/** An error that a user may see; anything else is a failure. */
export function coded(error, codes) {
  if (codes.includes(error?.code)) return 'refused';
  throw error;
}

async function child(target, { seed, from, inputs }) {
  process.on('unhandledRejection', (error) => {
    throw error;
  });
  const folder = mkdtempSync(join(tmpdir(), `framepath-fuzz-${target.name}-`));
  try {
    for (let i = from; i < from + inputs; i++) {
      writeSync(3, `begin ${i}\n`);
      const { why, share } = await failureOf(target, inputOf(target, seed, i), folder);
      if (why) writeSync(3, `failed ${JSON.stringify(why)}\n`);
      else writeSync(3, `${share}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Inputs of one child, until it has done them or has died. */
function runChild({ seed, from, inputs, until, onFailure }) {
  const flags = [`--max-old-space-size=${heapMb}`, '--stack-size=800'];
  const args = ['--child', '--seed', String(seed), '--from', String(from), '--inputs', String(inputs)];
  const running = spawn(process.execPath, [...flags, process.argv[1], ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const state = { next: from, read: 0, failures: 0 };
  let current;
  let began = Date.now();
  let rest = '';
  let err = '';
  let stopped = false;
  const failed = (why) => {
    state.failures++;
    onFailure(current, why);
  };
  running.stdio[3].setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('begin ')) {
        current = Number(line.slice(6));
        began = Date.now();
        continue;
      }
      if (line.startsWith('failed ')) failed(JSON.parse(line.slice(7)));
      if (line === 'read') state.read++;
      state.next = current + 1;
      current = undefined;
    }
  });
  running.stderr.setEncoding('utf8').on('data', (text) => {
    err = (err + text).slice(-2000);
  });
  const watch = setInterval(() => {
    if (current !== undefined && Date.now() - began > mostWallMs) running.kill('SIGKILL');
    if (Date.now() > until || state.failures >= mostFailures) {
      stopped = true;
      running.kill('SIGTERM');
    }
  }, 100);
  return new Promise((resolve) => {
    running.on('close', (code, signal) => {
      clearInterval(watch);
      if (!stopped && code !== 0 && current !== undefined) {
        const why = signal === 'SIGKILL' ? `hang: more than ${mostWallMs} ms` : `ended by ${signal ?? code}: ${err}`;
        state.next = current + 1;
        failed(why);
      } else if (!stopped && code !== 0) throw new Error(`The fuzzer itself failed: ${err}`);
      resolve(state);
    });
  });
}

async function fuzz(target, { seed, seconds, inputs, keep }) {
  const until = Date.now() + seconds * 1000;
  const onFailure = (i, why) => {
    mkdirSync(keep, { recursive: true });
    const file = join(keep, `${seed}-${i}.bin`);
    writeFileSync(file, inputOf(target, seed, i));
    console.log(`${file}: ${why.split('\n').slice(0, 4).join(' | ').slice(0, 600)}`);
  };
  const perChild = 2000;
  let [from, read, failures] = [0, 0, 0];
  while (from < inputs && Date.now() < until && failures < mostFailures) {
    const state = await runChild({ seed, from, inputs: Math.min(perChild, inputs - from), until, onFailure });
    from = state.next;
    read += state.read;
    failures += state.failures;
  }
  console.log(`${target.name}: ${read} of them read to the end`);
  console.log(`${target.name}: ${from} inputs, ${failures} failures, seed ${seed}`);
  return failures;
}

async function replay(target, files) {
  const folder = mkdtempSync(join(tmpdir(), `framepath-fuzz-${target.name}-`));
  let failures = 0;
  for (const file of files) {
    const { why } = await failureOf(target, readFileSync(file), folder);
    if (why) failures++;
    console.log(`${file}: ${why ?? 'fine'}`);
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${target.name}: ${files.length} inputs, ${failures} failures, seed none`);
  return failures;
}

/** The program of a target's file. */
export async function main(target) {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    options: { seconds: text, seed: text, inputs: text, keep: text, from: text, child: { type: 'boolean' } },
    allowPositionals: true,
  });
  const number = (name, usual) => (values[name] === undefined ? usual : Number(values[name]));
  const seed = number('seed', 1);
  const inputs = number('inputs', Number.POSITIVE_INFINITY);
  if (values.child) return child(target, { seed, from: number('from', 0), inputs });
  const keep = values.keep ?? join('build/fuzz', target.name);
  const failures =
    positionals.length > 0
      ? await replay(target, positionals)
      : await fuzz(target, { seed, seconds: number('seconds', 15), inputs, keep });
  process.exitCode = failures > 0 ? 1 : 0;
}
