/** Traces: who worked when, as a file that Perfetto opens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzer, grid, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';

interface Event {
  ph: string;
  tid: number;
  ts: number;
  dur: number;
  name: string;
  id?: string;
  args: { name: string; source: string; seq: number; waitMs: number };
}

describe.skipIf(noAddon !== undefined)('a trace', () => {
  test('has a slice for every piece of work, on its own row, and arrows along each frame', async () => {
    const folder = folderFor('trace');
    const clip = patternClip(join(folder, 'pattern.mp4'));
    const file = join(folder, 'trace.json');
    const count = analyzer({ name: 'count', depends: [], analyze: (frame) => frame.index });
    const run = await pipeline(video(clip, { id: 'left' }), video(clip, { id: 'right' }))
      .use(count)
      .compose(grid({ width: 320, height: 240 }))
      .encode(join(folder, 'out.mp4'))
      .trace(file)
      .start();
    await run.done;
    const { stages, wallMs } = await run.report();
    await run.close();

    const { traceEvents, otherData } = JSON.parse(readFileSync(file, 'utf8')) as {
      traceEvents: Event[];
      otherData: { lost: number };
    };
    expect(otherData.lost).toBe(0);
    const slices = traceEvents.filter(({ ph }) => ph === 'X');
    for (const { name, count } of stages) expect(slices.filter((slice) => slice.name === name)).toHaveLength(count);
    const rows = new Map(
      traceEvents.filter(({ name }) => name === 'thread_name').map((row) => [row.tid, row.args.name]),
    );
    for (const { tid, name, ts, dur } of slices) {
      expect(rows.get(tid)).toBe(name);
      expect(ts).toBeGreaterThanOrEqual(0);
      expect(ts + dur).toBeLessThanOrEqual((wallMs + 1) * 1000);
    }
    // One worker does one thing at a time.
    for (const tid of rows.keys()) {
      const own = slices.filter((slice) => slice.tid === tid).sort((a, b) => a.ts - b.ts);
      own.slice(1).forEach((slice, i) => {
        expect(slice.ts).toBeGreaterThanOrEqual(own[i]!.ts + own[i]!.dur - 0.002);
      });
    }
    const decoded = slices.filter(({ args }) => args.source === 'right' && args.seq === 7).map(({ name }) => name);
    expect(decoded.sort()).toEqual(['count', 'decode.right']);
    const arrows = (phase: string) => traceEvents.filter(({ ph }) => ph === phase).map(({ id }) => id);
    expect(arrows('s').sort()).toEqual(arrows('f').sort());
    expect(arrows('s')).toHaveLength(100);
  });
});
