// Overhead of analyzers: CPU time per frame of 640x360 rgb24, of this process and its hosts together, by the place of a no-op;
// the cost of waking another thread and back; the speed-up of two instances. Every trial is a process of its own; the start is
// excluded by the difference of a long and a short run. A part of the suite (stages), or alone:
// node bench/analyzers.mjs [--json] [--rounds N]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { analyzer, pipeline, frames as pushed } from '../lib/index.js';
import { median } from './runner.mjs';

const [short, long] = [1000, 9000]; // hot code is compiled by then
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** User and system time of this process and of its children that have ended, in µs; the kernel counts in 10 ms. */
function cpuUs() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [children, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15);
  const { user, system: own } = process.cpuUsage();
  return user + own + (Number(children) + Number(system)) * 10_000;
}

function* pictures(count) {
  const picture = new Uint8Array(640 * 360 * 3).map((_, i) => (i * 7) % 251);
  for (let i = 0; i < count; i++) yield picture;
}

async function trial(place, folder, frames) {
  // Pushed pixels: decoding would take more time than the overhead measured.
  let built = pipeline(pushed(pictures(frames), { width: 640, height: 360, format: 'rgb24' }));
  const use = { name: 'noop', isolation: place === 'python' ? { python } : place };
  if (place === 'blind') built = built.use(analyzer({ name: 'noop', analyze: () => 0 }));
  else if (place !== 'none')
    built = built.use(analyzer(join(folder, place === 'python' ? 'noop.py' : 'noop.mjs'), use));
  const run = await built.start();
  let count = 0;
  for await (const _ of run) count++;
  await run.close();
  await new Promise((resolve) => setTimeout(resolve, 50)); // ended children are counted when they are reaped
  if (count !== frames) throw new Error(`${count} frames instead of ${frames}`);
  return cpuUs();
}

/** Milliseconds of wall time a frame that takes an analyzer 5 to 10 ms of CPU, so many instances at once. */
async function worked(folder, frames, instances) {
  const source = pushed(pictures(frames), { width: 640, height: 360, format: 'rgb24' });
  const work = analyzer(join(folder, 'work.mjs'), { name: 'work', isolation: 'thread', instances });
  const run = await pipeline(source).use(work).start();
  let begun;
  for await (const _ of run) begun ??= performance.now(); // compiled by now
  const ms = (performance.now() - begun) / (frames - 1);
  await run.close();
  return ms;
}

/** µs of CPU, of both threads, to wake a sleeping thread and be woken by it: the lower bound of any host. */
async function woken(count) {
  const turn = new Int32Array(new SharedArrayBuffer(8));
  const [asked, answered] = [0, 1];
  const sleeper = `const { workerData: turn, parentPort } = require('node:worker_threads');
    for (let i = 0; i < ${count}; i++) {
      Atomics.wait(turn, ${asked}, i);
      Atomics.store(turn, ${answered}, i + 1);
      Atomics.notify(turn, ${answered});
      if (i === 0) parentPort.postMessage('awake');
    }`;
  const worker = new Worker(sleeper, { eval: true, workerData: turn });
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  const ask = (i) => {
    Atomics.store(turn, asked, i + 1);
    Atomics.notify(turn, asked);
    Atomics.wait(turn, answered, i);
  };
  ask(0);
  await new Promise((resolve) => worker.once('message', resolve));
  const begunUs = cpuUs();
  let busyMs = 0;
  for (let i = 1; i < count; i++) {
    const since = performance.now();
    while (performance.now() - since < 0.3); // the other thread falls asleep, as a host does until the next frame
    busyMs += performance.now() - since;
    ask(i);
  }
  const us = (cpuUs() - begunUs - busyMs * 1000) / (count - 1);
  await ended;
  return us;
}

function writeAnalyzers(folder) {
  const input = '{ width: 640, height: 360 }';
  writeFileSync(join(folder, 'noop.mjs'), `export const noop = { name: 'noop', input: ${input}, analyze: () => 0 };\n`);
  const decorated = '@analyzer(input={"width": 640, "height": 360})\ndef noop(frame, deps):\n    return 0\n';
  writeFileSync(join(folder, 'noop.py'), `from framepath import analyzer\n\n\n${decorated}`);
  const work = "pbkdf2Sync('secret', 'salt', 27_000, 32, 'sha256').length";
  writeFileSync(
    join(folder, 'work.mjs'),
    `import { pbkdf2Sync } from 'node:crypto';\nexport const work = { name: 'work', stateless: true, analyze: () => ${work} };\n`,
  );
}

const inChild = (...args) =>
  Number(execFileSync(process.execPath, [import.meta.filename, '--trial', ...args.map(String)]));

/** {conversionUs, wokenUs, askUs: {inline, thread, process, python if installed}, instancesMs: {one, two}}: medians. */
export async function measureAnalyzers({ rounds, log = () => {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-analyzers-'));
  const hasPython = spawnSync(python, ['-c', '']).status === 0;
  const places = ['none', 'blind', 'inline', 'thread', 'process', ...(hasPython ? ['python'] : [])];
  try {
    writeAnalyzers(folder);
    const costs = Object.fromEntries(places.map((place) => [place, []]));
    const [walls, wakes] = [[[], []], []];
    for (let round = 0; round < rounds; round++) {
      log(`analyzers, trial ${round + 1}`);
      for (const place of places) {
        const [few, many] = [short, long].map((frames) => inChild(place, folder, frames));
        costs[place].push((many - few) / (long - short));
      }
      wakes.push(inChild('woken', folder, 4000));
      for (const instances of [1, 2]) walls[instances - 1].push(inChild('work', folder, 200, instances));
    }
    const { none, blind, ...seeing } = Object.fromEntries(places.map((place) => [place, median(costs[place])]));
    const conversionUs = seeing.inline - blind;
    const askUs = Object.fromEntries(Object.entries(seeing).map(([place, us]) => [place, us - none - conversionUs]));
    const [one, two] = walls.map(median);
    const wokenUs = median(wakes);
    return { conversionUs, wokenUs, askUs: { ...askUs, inline: blind - none }, instancesMs: { one, two } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same as rows of the suite's stages. */
export async function analyzerRows(options) {
  const { conversionUs, wokenUs, askUs, instancesMs } = await measureAnalyzers(options);
  const row = (what, figures) => ({ stage: 'analyzer', case: what, unit: 'frame', ...figures });
  return [
    row('640x360 rgb24 made', { cpuMs: conversionUs / 1000 }),
    row('a thread woken and back', { cpuMs: wokenUs / 1000 }),
    ...Object.entries(askUs).map(([place, us]) => row(`asked, ${place}`, { cpuMs: us / 1000 })),
    row('work, 1 instance', { wallMs: instancesMs.one }),
    row('work, 2 instances', { wallMs: instancesMs.two }),
  ];
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === '--trial') {
    const [, , , place, folder, frames, instances] = process.argv;
    const trials = {
      work: () => worked(folder, Number(frames), Number(instances)),
      woken: () => woken(Number(frames)),
    };
    const figure = (trials[place] ?? (() => trial(place, folder, Number(frames))))();
    console.log(await figure);
  } else {
    const { values } = parseArgs({ options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '3' } } });
    const result = await measureAnalyzers({ rounds: Number(values.rounds) });
    if (values.json) console.log(JSON.stringify(result, null, 2));
    else {
      const { conversionUs, wokenUs, askUs, instancesMs } = result;
      console.log(`conversion ${conversionUs.toFixed(0)} us of CPU a frame, and to ask a no-op analyzer`);
      for (const [place, us] of Object.entries(askUs)) console.log(`  ${place.padEnd(8)} ${us.toFixed(0)} us`);
      console.log(`a thread woken and back: ${wokenUs.toFixed(0)} us`);
      console.log(`work: ${instancesMs.one.toFixed(1)} ms a frame, ${instancesMs.two.toFixed(1)} by two instances`);
    }
  }
}
