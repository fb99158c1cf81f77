// npm run soak -- [--minutes M] [--live] [--json FILE]: runs like the demo, one after another in one process, with sources
// that join and leave; or one run of live sources (soak-live.mjs). Fails when memory, threads, file descriptors or live
// native objects grow.
//
// After a warm-up (the first quarter, at most 2 minutes) a line is fitted through the resident memory after each run.
// It may rise by 1 MB a minute, and by twice the line's standard error; threads and descriptors may not rise at all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderSamples } from './samples.mjs';
import { setUp } from './setup.mjs';
import { soakLive } from './soak-live.mjs';
import { main, progress, root } from './steps/shell.mjs';

const mostMegabytesPerMinute = 1;

/** Least squares through [x, y]: {slope, error}, error = the standard error of the slope. */
export function fitLine(points) {
  const n = points.length;
  const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / n;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / Math.max(1, n - 2) / sxx) };
}

/** What is alive in this process now. */
export function reading(live) {
  return {
    rssMegabytes: process.memoryUsage.rss() / 1e6,
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
    live: Object.values(live).reduce((sum, count) => sum + count, 0),
  };
}

/**
 * One run: two sources, a third joins, the second leaves, the third is removed or ends; every other run is broken off.
 * @param clips {left, right}: paths, 9 s long at least
 * @param api what the library exports
 * @param settings as the library's
 * @returns {frames, live, report} @throws Error when frames were lost
 */
export async function cycle(number, { left, right }, folder, api, settings = {}) {
  const { pipeline, video, detect, track, identify, grid } = api;
  const seconds = (from, to) => ({ startMs: from * 1000, endMs: to * 1000 });
  const run = await pipeline(video(left, { id: 'a', ...seconds(0, 4) }), video(right, { id: 'b', ...seconds(1, 5) }))
    .options(settings)
    .use(detect('faces', 'blazeface'))
    .use(track('tracks', { of: 'faces' }))
    .use(identify('people', { of: 'tracks', model: 'face-recognition' }))
    .compose(grid({ width: 1280, height: 720, draw: { boxes: 'people' }, redact: { of: 'faces', kind: 'blur' } }))
    .encode(join(folder, 'out.mp4'), { profile: 'realtime', audio: number % 3 ? 'first' : 'mix' })
    .results(join(folder, 'results.jsonl'))
    .timeline(join(folder, 'timeline.json'))
    .contactSheet(join(folder, 'contact.jpg'))
    .start();
  let frames = 0;
  let last = Promise.resolve();
  try {
    for await (const frame of run) {
      frames++;
      if (frames === 30) last = run.add(video(left, { id: `c${number}`, ...seconds(6, 9) }));
      if (frames === 60 && frame.source !== 'b') {
        await last;
        last = run.remove('b');
      }
      if (number % 2 && frames === 150) break;
    }
    await last.catch(() => undefined); // what is removed may just have ended
  } finally {
    await run.close();
  }
  const report = await run.report();
  for (const source of report.sources) {
    const dropped = Object.values(source.dropped).reduce((sum, count) => sum + count, 0);
    if (source.in !== source.delivered + dropped + source.inFlight) throw new Error(`${source.id} lost frames`);
  }
  return { frames, live: report.live, report };
}

/** Loops for `minutes`; resolves with {cycles, frames, readings: [[minute, reading]]}. */
async function soak(minutes, clips, folder, log) {
  const api = await import(join(root, 'lib', 'index.js'));
  const begun = performance.now();
  const minute = () => (performance.now() - begun) / 60_000;
  const readings = [];
  let frames = 0;
  for (let number = 0; minute() < minutes; number++) {
    const done = await cycle(number, clips, folder, api);
    frames += done.frames;
    globalThis.gc?.();
    await new Promise((resume) => setTimeout(resume, 50)); // finalizers
    globalThis.gc?.();
    const now = reading(done.live);
    readings.push([minute(), now]);
    if (number % 10 === 0)
      log(`run ${number + 1}: ${now.rssMegabytes.toFixed(0)} MB, ${now.threads} threads, ${now.descriptors} files`);
  }
  return { cycles: readings.length, frames, readings };
}

/** What grew; empty when nothing did. */
export function judge(readings, minutes) {
  const warm = readings.filter(([at]) => at > Math.min(2, minutes / 4));
  const wrong = [];
  if (warm.length < 5) return { wrong: [`only ${warm.length} runs after the warm-up: soak for longer`] };
  const { slope, error } = fitLine(warm.map(([at, { rssMegabytes }]) => [at, rssMegabytes]));
  if (slope > mostMegabytesPerMinute + 2 * error)
    wrong.push(`memory grows by ${slope.toFixed(2)} +- ${(2 * error).toFixed(2)} MB a minute`);
  for (const what of ['threads', 'descriptors']) {
    const [first, last] = [warm[0][1][what], warm.at(-1)[1][what]];
    if (last > first) wrong.push(`${what} grew from ${first} to ${last}`);
  }
  const alive = Math.max(...readings.map(([, { live }]) => live));
  if (alive > 0) wrong.push(`${alive} native objects were alive after a run was closed`);
  return { wrong, slope, error };
}

async function samples() {
  const [left, right] = await renderSamples(join(root, 'demo'));
  return { left, right };
}

async function live(minutes, folder) {
  const read = (alive) => {
    globalThis.gc?.();
    return reading(alive);
  };
  const done = await soakLive(minutes, folder, await import(join(root, 'lib', 'index.js')), read, progress);
  for (const { id, canvas, latencyMs } of done.report.sources)
    progress(`${id}: ${JSON.stringify(canvas)}, read to result p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`);
  return { cycles: 1, ...done };
}

/** In the child: everything above, with the garbage collector at hand. */
async function child(minutes, json, isLive) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-soak-'));
  try {
    const { cycles, frames, readings } = isLive
      ? await live(minutes, folder)
      : await soak(minutes, await samples(), folder, progress);
    const { wrong, slope = 0, error = 0 } = judge(readings, minutes);
    if (json) writeFileSync(json, `${JSON.stringify({ minutes, cycles, frames, slope, error, wrong, readings })}\n`);
    progress(
      `${cycles} runs, ${frames} frames; memory ${slope >= 0 ? '+' : ''}${slope.toFixed(2)} +- ${(2 * error).toFixed(2)} MB a minute` +
        ` (bound: ${mostMegabytesPerMinute}), at the end ${readings.at(-1)[1].rssMegabytes.toFixed(0)} MB`,
    );
    for (const what of wrong) console.error(`GREW: ${what}`);
    return wrong.length ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        json: { type: 'string' },
        child: { type: 'boolean' },
        live: { type: 'boolean' },
      },
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new TypeError(`Expected minutes above 0 for --minutes but received '${values.minutes}'`);
    if (values.child) return child(minutes, values.json, values.live);
    await setUp();
    const args = ['--expose-gc', import.meta.filename, ...process.argv.slice(2), '--child'];
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  });
}
