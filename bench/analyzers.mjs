// What asking an analyzer costs: CPU time a frame of 640x360 rgb24, of this process and its hosts together, by where a no-op
// runs. Every trial is a process of its own; starting is left out by the difference of a long and a short run.
// Usage: node bench/analyzers.mjs [--json] [--rounds N]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyzer, pipeline, frames as pushed } from '../lib/index.js';
import { median } from './runner.mjs';

const [short, long] = [300, 3300];
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
const places = ['none', 'blind', 'inline', 'thread', 'process', 'python'];

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
  // Pushed pixels: decoding would take more than what is looked for.
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

async function measure(rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-analyzers-'));
  try {
    const input = '{ width: 640, height: 360 }';
    writeFileSync(
      join(folder, 'noop.mjs'),
      `export const noop = { name: 'noop', input: ${input}, analyze: () => 0 };\n`,
    );
    const decorated = '@analyzer(input={"width": 640, "height": 360})\ndef noop(frame, deps):\n    return 0\n';
    writeFileSync(join(folder, 'noop.py'), `from framepath import analyzer\n\n\n${decorated}`);
    const costs = Object.fromEntries(places.map((place) => [place, []]));
    for (let round = 0; round < rounds; round++)
      for (const place of places) {
        const [few, many] = [short, long].map((frames) =>
          Number(execFileSync(process.execPath, [import.meta.filename, '--trial', place, folder, String(frames)])),
        );
        costs[place].push((many - few) / (long - short));
      }
    return Object.fromEntries(places.map((place) => [place, median(costs[place])]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[2] === '--trial') {
  const [, , , place, folder, frames] = process.argv;
  console.log(await trial(place, folder, Number(frames)));
} else {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '3' } } });
  const { none, blind, ...seeing } = await measure(Number(values.rounds));
  const conversionUs = seeing.inline - blind;
  const askUs = Object.fromEntries(Object.entries(seeing).map(([place, us]) => [place, us - none - conversionUs]));
  const result = { conversionUs, askUs: { ...askUs, inline: blind - none } };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(`conversion ${conversionUs.toFixed(0)} us of CPU a frame, and to ask a no-op analyzer`);
    for (const [place, us] of Object.entries(result.askUs)) console.log(`  ${place.padEnd(8)} ${us.toFixed(0)} us`);
  }
}
