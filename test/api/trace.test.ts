/** Traces: who worked when, as a file that Perfetto opens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzer, grid, pipeline, video } from '../../src/index.js';
import { hostsWork, python } from './analyzer-files.js';
import { folderFor, noAddon, patternClip, root } from './clips.js';

interface Event {
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  name: string;
  cat?: string;
  id?: string;
  args: { name: string; source: string; seq: number; waitMs: number; batch: number };
}

/** Parses a trace and checks what every one has to keep: the rules of the Trace Event Format that Perfetto insists on. */
function eventsOf(file: string): Event[] {
  const { traceEvents, otherData } = JSON.parse(readFileSync(file, 'utf8')) as {
    traceEvents: Event[];
    otherData: { lost: number };
  };
  expect(otherData.lost).toBe(0);
  const rowOf = ({ pid, tid }: Event) => `${pid}/${tid}`;
  const named = traceEvents.filter(({ ph, name }) => ph === 'M' && name === 'thread_name').map(rowOf);
  expect(new Set(named).size).toBe(named.length);
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  expect(slices.filter((slice) => !named.includes(rowOf(slice)))).toEqual([]);
  // Slices of a row follow one another.
  for (const row of named) {
    const own = slices.filter((slice) => rowOf(slice) === row).sort((a, b) => a.ts - b.ts);
    own.slice(1).forEach((slice, i) => {
      expect(slice.ts, row).toBeGreaterThanOrEqual(own[i]!.ts + own[i]!.dur - 0.002);
    });
  }
  // Waits begin and end, each once.
  const waits = (phase: string) => traceEvents.filter(({ ph, cat }) => ph === phase && cat === 'wait');
  const ends = new Map(waits('e').map((end) => [`${end.name} ${end.id}`, end]));
  expect(ends.size).toBe(waits('b').length);
  for (const begin of waits('b')) expect(ends.get(`${begin.name} ${begin.id}`)!.ts).toBeGreaterThanOrEqual(begin.ts);
  // Arrows go forward in time, from slice to slice: one start, one end, steps between.
  const arrows = new Map<string, Event[]>();
  for (const event of traceEvents.filter(({ cat }) => cat === 'frame'))
    arrows.set(event.id!, [...(arrows.get(event.id!) ?? []), event]);
  for (const arrow of arrows.values()) {
    expect(arrow.map(({ ph }) => ph).join('')).toMatch(/^st*f$/);
    expect(arrow.map(({ ts }) => ts)).toEqual(arrow.map(({ ts }) => ts).sort((a, b) => a - b));
    for (const { pid, tid, ts } of arrow)
      expect(slices.some((slice) => slice.pid === pid && slice.tid === tid && slice.ts === ts)).toBe(true);
  }
  return traceEvents;
}

const onGpu = process.env.FRAMEPATH_DEVICE?.startsWith('cuda') ?? false;

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

    const traceEvents = eventsOf(file);
    const all = traceEvents.filter(({ ph }) => ph === 'X');
    const rows = new Map(
      traceEvents.filter(({ name }) => name === 'thread_name').map((row) => [row.tid, row.args.name]),
    );
    const ofQueue = ({ tid }: Event) => rows.get(tid)!.startsWith('cuda:');
    const slices = all.filter((slice) => !ofQueue(slice));
    for (const { name, count } of stages) expect(slices.filter((slice) => slice.name === name)).toHaveLength(count);
    for (const { tid, name, ts, dur } of slices) {
      expect(rows.get(tid)).toBe(name);
      expect(ts).toBeGreaterThanOrEqual(0);
      expect(ts + dur).toBeLessThanOrEqual((wallMs + 1) * 1000);
    }
    const decoded = slices.filter(({ args }) => args.source === 'right' && args.seq === 7).map(({ name }) => name);
    expect(decoded.sort()).toEqual(['count', 'decode.right']);
    const arrows = (phase: string) => traceEvents.filter(({ ph }) => ph === phase).map(({ id }) => id);
    expect(arrows('s').sort()).toEqual(arrows('f').sort());
    expect(arrows('s')).toHaveLength(100);
    const waiting = traceEvents.filter(({ ph, name }) => ph === 'b' && name === 'waits for count');
    const waited = slices.filter(({ name, args }) => name === 'count' && args.waitMs > 0.001);
    expect(waiting.length).toBeGreaterThanOrEqual(waited.length);

    // The GPU's queues have rows of their own: what they did began in a slice of the stage that wanted it.
    const done = all.filter(ofQueue);
    expect(done.some(({ tid }) => rows.get(tid) === 'cuda:0 compose')).toBe(onGpu);
    for (const { tid, name, ts, dur, args } of done) {
      expect(rows.get(tid)).toMatch(new RegExp(`^cuda:0 ${name}( \\d+)?$`));
      expect(dur).toBeGreaterThanOrEqual(0);
      const stage = slices.find((slice) => slice.name === name && slice.args.seq === args.seq);
      expect(ts).toBeGreaterThanOrEqual(stage!.ts - 100); // two clocks
    }
  });

  test.skipIf(!hostsWork)(
    'has a row for every host, by what it measured itself, from when its lane could ask until it has the answer',
    async () => {
      const folder = folderFor('trace-hosts');
      const file = join(folder, 'trace.json');
      const module = (name: string) => join(root, 'test/modules', name);
      const run = await pipeline(video(patternClip(join(folder, 'pattern.mp4')), { id: 'left' }))
        .use(analyzer(module('brightness.js'), { name: 'inThread', isolation: 'thread', instances: 2 }))
        .use(analyzer(module('brightness.js'), { name: 'inProcess', isolation: 'process' }))
        .use(analyzer(module('brightness.py'), { name: 'inPython', isolation: { python } }))
        .trace(file)
        .start();
      const { hosts } = await run.report();
      await run.done;
      await run.close();
      const events = eventsOf(file);
      const rowsOf = (what: string) => events.filter(({ ph, name }) => ph === 'M' && name === what);
      const rows = new Map(rowsOf('thread_name').map((row) => [row.args.name, row]));
      const pidOf = (name: string) => hosts.find(({ module }) => module === name)!.pid!;
      const expected = new Map([
        ['inProcess', [`inProcess process ${pidOf('inProcess')}`]],
        ['inPython', [`inPython python ${pidOf('inPython')}`]],
        ['inThread', [...rows.keys()].filter((name) => /^inThread thread \d+$/.test(name))],
      ]);
      expect(expected.get('inThread')).toHaveLength(2);
      const slices = events.filter(({ ph }) => ph === 'X');
      for (const [module, names] of expected) {
        const own = slices.filter(({ name }) => name === module);
        const lane = own.filter(({ pid, tid }) => rows.get(module)!.pid === pid && rows.get(module)!.tid === tid);
        const lanes =
          module === 'inThread'
            ? own
                .filter(({ pid, tid }) => tid === rows.get('inThread 2')!.tid && pid === rows.get('inThread 2')!.pid)
                .concat(lane)
            : lane;
        expect(lanes).toHaveLength(50);
        const hosted: Event[] = [];
        for (const name of names) {
          const row = rows.get(name)!;
          expect(row.pid).toBe(module === 'inThread' ? process.pid : pidOf(module));
          hosted.push(...own.filter(({ pid, tid }) => pid === row.pid && tid === row.tid));
        }
        expect(hosted).toHaveLength(50);
        for (const { ts, dur, args } of hosted) {
          const outer = lanes.find((slice) => slice.args.seq === args.seq)!;
          // It may begin while the lane still reports earlier results.
          expect(ts).toBeGreaterThanOrEqual(outer.ts - 1000 * outer.args.waitMs);
          expect(ts + dur).toBeLessThanOrEqual(outer.ts + outer.dur);
        }
      }
      // Processes are named too, and a frame's arrow passes every row it was on: decode, three lanes, three hosts, and on
      // a GPU the queue that made the pixels for all of them.
      expect(
        rowsOf('process_name')
          .map(({ pid }) => pid)
          .sort(),
      ).toEqual([process.pid, pidOf('inProcess'), pidOf('inPython')].sort());
      expect(events.filter(({ cat, id }) => cat === 'frame' && id === '0.7')).toHaveLength(onGpu ? 8 : 7);
    },
  );
});
