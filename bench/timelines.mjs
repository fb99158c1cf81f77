// A time line of lanes: one traced run of a pipeline, of which a few hundred milliseconds from the middle are kept.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobOf, runTrial } from './runner.mjs';

const windowMs = 300;

/** The spans of a trace file (Trace Event Format) that touch the middle of the run. */
export function middleSpans({ traceEvents }) {
  const rows = new Map(
    traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]),
  );
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  const ends = slices.map(({ ts, dur }) => ts + dur);
  const from = (Math.min(...slices.map(({ ts }) => ts)) + Math.max(...ends)) / 2;
  const to = from + windowMs * 1000;
  return slices
    .filter(({ ts, dur }) => ts + dur > from && ts < to)
    .map(({ tid, ts, dur, name, args }) => ({
      lane: name,
      worker: rows.get(tid),
      startMs: (ts - from) / 1000,
      endMs: (ts + dur - from) / 1000,
      source: args.source,
      seq: args.seq,
    }));
}

/** Time lines of the jobs ([{name, clips, ...}], as for trial.mjs). */
export async function traceLanes(jobs) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-bench-'));
  const lines = [];
  try {
    for (const job of jobs) {
      const trace = join(folder, `${job.pipeline}.json`);
      await runTrial(jobOf('trial.mjs', { ...job, trace, out: join(folder, `${job.pipeline}.mp4`) }));
      lines.push({ pipeline: job.pipeline, spans: middleSpans(JSON.parse(readFileSync(trace, 'utf8'))) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return lines;
}
