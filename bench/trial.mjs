// One trial of framepath in a process of its own: argv[2] is the job (JSON), the last line of standard output the
// result. The window of measurement starts when everything is open and ends with the last result, or with the closed
// output file.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { detect, identify, pipeline, split, track, video } from '../lib/index.js';
import { watchLoop } from './loop-delay.mjs';

const job = JSON.parse(process.argv[2]);

/** The pipeline of a job. */
function describe({ pipeline: name, clips, model = 'blazeface', settings = {}, workers, options = {} }) {
  const sources = clips.map((clip, i) => video(clip, { id: String(i), ...options.video }));
  const policy = { ...(workers && { workers }), ...options.detect };
  let run = pipeline(...sources).options(settings);
  if (name !== 'decode') run = run.use(detect('faces', model, policy));
  if (name === 'B') {
    const whole = { fit: 'stretch' };
    const halves = { left: { source: 0, ...whole }, right: { source: 1, ...whole } };
    run = run
      .compose(split({ width: 1920, height: 1080, fps: 30, draw: { boxes: 'faces' }, ...halves }))
      .encode(job.out, { profile: 'balanced', audio: 'none', ...options.encode });
  }
  if (name === 'C' || name === 'T') run = run.use(track('tracks', { of: 'faces' }));
  if (name === 'C') {
    run = run.use(identify('people', { of: 'tracks', model: 'face-recognition', ...options.identify }));
  }
  if (job.trace) run = run.trace(job.trace);
  return run;
}

/** CPU milliseconds by thread name, of the threads that are alive. Threads are named after the stage they work for. */
function threadTimes(into) {
  for (const tid of readdirSync('/proc/self/task')) {
    try {
      const name = readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim();
      const [ns] = readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ');
      into.set(tid, [name, Number(ns) / 1e6]);
    } catch {
      // it ended between the listing and the reading: its last value stays
    }
  }
  return into;
}

const total = (threads) => {
  const sums = {};
  for (const [name, ms] of threads.values()) sums[name] = (sums[name] ?? 0) + ms;
  return sums;
};

const begun = performance.now();
const run = await describe(job).start();
const opened = performance.now();
const before = total(threadTimes(new Map()));
const cpuBefore = process.cpuUsage();
const delay = watchLoop();
const threads = new Map();
const reading = setInterval(() => threadTimes(threads), 250);
const detections = new Map(job.clips.map((_, i) => [String(i), []]));
const tracks = [];
let frames = 0;
let firstMs;
try {
  for await (const frame of run) {
    firstMs ??= performance.now() - begun;
    frames++;
    const faces = frame.faces ?? [];
    if (job.detections)
      detections.get(frame.source).push(JSON.stringify(faces.map(({ box, score }) => [...box, score])));
    if (job.tracks) tracks.push(JSON.stringify(frame.tracks.map(({ box, score, track: id }) => [...box, score, id])));
  }
  threadTimes(threads);
  await run.done;
} finally {
  clearInterval(reading);
}
const wallMs = performance.now() - opened;
const cpu = process.cpuUsage(cpuBefore);
const eventLoopDelayMs = delay();
const report = await run.report();
await run.close();
if (job.detections) {
  // The sources' frames in turn, as the peers write them.
  const sources = [...detections.values()];
  const lines = sources[0].flatMap((_, i) => sources.map((source) => source[i]));
  writeFileSync(job.detections, `${lines.join('\n')}\n`);
}
if (job.tracks) writeFileSync(job.tracks, `${tracks.join('\n')}\n`);
const after = total(threads);
const threadMs = Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
const line = {
  frames: job.pipeline === 'B' ? report.outputs[0].frames : frames,
  wallMs,
  cpuMs: (cpu.user + cpu.system) / 1000,
  firstResultMs: firstMs,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  eventLoopDelayMs,
  threadMs,
  reid: report.reid,
  stages: report.stages,
  device: report.device,
  copies: report.copies,
  gpu: report.gpu,
  models: report.models.map(({ name, provider, batch }) => ({ name, provider, batch })),
  recoveries: report.recoveries,
  sources: report.sources.map(({ id, decoded, decodedOnGpu, dropped }) => ({ id, decoded, decodedOnGpu, dropped })),
};
process.stdout.write(`${JSON.stringify(line)}\n`);
