// Analyzers in other processes that read their pixels on the GPU (CUDA IPC): the same bytes as by way of the host, and none
// of them downloaded by us.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { analyzer, pipeline, video } from '../../../lib/index.js';
import { recoveryLine } from './trials.mjs';

const file = (name) => fileURLToPath(new URL(`ipc/${name}`, import.meta.url));
const python = { python: 'python3' };

/** Python and its wheels find libraries of their own: a pack's stay out of their way. Its Node.js needs them. */
const librariesOf = { node: process.env.LD_LIBRARY_PATH, python: process.env.FRAMEPATH_HOST_LD_LIBRARY_PATH };

function chooseLibraries(isolation) {
  const path = isolation === python ? (librariesOf.python ?? librariesOf.node) : librariesOf.node;
  if (path === undefined) delete process.env.LD_LIBRARY_PATH;
  else process.env.LD_LIBRARY_PATH = path;
}

/** Runs one analyzer over the clip; resolves with its results for each frame, and parts of the report. */
async function sums(clip, { device, module, isolation, work, endMs }) {
  chooseLibraries(isolation);
  const run = await pipeline(video(clip, { endMs }))
    .options({ device })
    .use(analyzer(file(module), { name: 'sums', isolation, options: { work }, startTimeoutMs: 60_000 }))
    .start();
  const results = [];
  let begun;
  try {
    for await (const frame of run) {
      begun ??= performance.now(); // libraries and contexts are there
      results.push(frame.sums);
    }
  } finally {
    await run.close();
  }
  const { copies, recoveries } = await run.report();
  const fps = ((results.length - 1) / (performance.now() - begun)) * 1000;
  return { results, fps, copies, recoveries: recoveries.map(recoveryLine) };
}

export async function run({ device, clips, quick }, { add, attempt }) {
  const clip = clips.long720;
  chooseLibraries(python);
  const pythonThere = spawnSync('python3', ['-c', '']).status === 0;
  let reference;
  const compare = [
    ['Python, host memory', 'host.py', python],
    ['Python, GPU memory', 'device.py', python],
    ['process, host memory', 'host.mjs', 'process'],
    ['process, GPU memory', 'device.mjs', 'process'],
    ['thread, GPU memory', 'device.mjs', 'thread'],
  ];
  for (const [name, module, isolation] of compare)
    await attempt(name, async () => {
      if (isolation === python && !pythonThere) return add('equal', { name, skipped: 'there is no python3' });
      const { results, copies, recoveries } = await sums(clip, {
        device,
        module,
        isolation,
        work: 'hash',
        endMs: 1000,
      });
      const hashes = results.map(({ hash }) => hash);
      reference ??= hashes;
      const differ = hashes.filter((hash, i) => hash !== reference[i]).length;
      const where = [...new Set(results.map((one) => one.device))].join(', ');
      add('equal', { name, frames: results.length, differ, where, copies, recoveries });
    });
  let total;
  for (const [name, module] of [
    ['by way of the host', 'host.py'],
    ['where they are', 'device.py'],
  ])
    await attempt(`PyTorch, ${name}`, async () => {
      if (!pythonThere) return add('torch', { name, skipped: 'there is no python3' });
      const endMs = quick ? 1000 : 20_000;
      const ran = await sums(clip, { device, module, isolation: python, work: 'mean', endMs });
      const [{ skipped, torch }] = ran.results;
      if (skipped) return add('torch', { name, skipped });
      const sum = ran.results.reduce((all, one) => all + one.sum, 0);
      total ??= sum;
      const { fps, copies, recoveries, results } = ran;
      add('torch', { name, torch, frames: results.length, fps, sum, same: sum === total, copies, recoveries });
    });
}
