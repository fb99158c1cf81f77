// Cost of a result on the JavaScript thread: a run without modules over tiny pictures, so that the native boundary dominates.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../lib/addon.js';
import { pipeline, video } from '../lib/index.js';
import { watchLoop } from './loop-delay.mjs';

/** CPU milliseconds that the main thread (whose id is the process's) has used. */
function mainThreadMs() {
  const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(ns) / 1e6;
}

/** Reads every result; {items, wallMs, cpuMs of the main thread, processCpuMs}. */
async function takeAll(clip) {
  const run = await pipeline(video(clip)).start();
  try {
    const [begun, main, all] = [performance.now(), mainThreadMs(), process.cpuUsage()];
    let items = 0;
    let seen = 0;
    for await (const frame of run) {
      items++;
      seen += frame.index + frame.timeMs;
    }
    if (!(seen > 0)) throw new Error('the results are empty');
    const { user, system } = process.cpuUsage(all);
    return {
      items,
      wallMs: performance.now() - begun,
      cpuMs: mainThreadMs() - main,
      processCpuMs: (user + system) / 1000,
    };
  } finally {
    await run.close();
  }
}

/** CPU of the main thread per result, and the event loop's delay meanwhile (in a run of its own: watching costs too). */
export async function measureResults({ results }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-results-'));
  try {
    const clip = join(folder, 'tiny.mp4');
    await loadAddon().benchClip(JSON.stringify({ path: clip, width: 32, height: 32, fps: 30, frames: results }));
    await takeAll(clip); // warm-up: JavaScript is compiled
    const figures = await takeAll(clip);
    const delay = watchLoop();
    await takeAll(clip);
    const eventLoopDelayMs = delay();
    return { unit: 'result', ...figures, eventLoopDelayMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
