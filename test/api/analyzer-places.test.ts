/** The same analyzer gives the same results wherever it runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../packages/models/src/graph-builder.js';
import { modelCodec } from '../../packages/models/src/onnx-proto.js';
import { analyzer, detect, type Isolation, pipeline, track, video } from '../../src/index.js';
import { hostsWork, inHosts, moduleFile, nameOf, numpyWorks, python, twin } from './analyzer-files.js';
import { complete, facesClip, folderFor, patternClip } from './clips.js';
import { closed } from './outcomes.js';

let left: string;
let right: string;
let model: string;

beforeAll(() => {
  const folder = folderFor('places');
  left = patternClip(join(folder, 'left.mp4'), { seconds: 1, size: '320x180' });
  right = patternClip(join(folder, 'right.mp4'), { seconds: 1, size: '128x96' });
  model = join(folder, 'small.onnx');
  const graph = new GraphBuilder('small');
  const input = graph.input('input', [1, 3, 8, 8]);
  const weights = graph.constant(
    'weights',
    [4, 3, 3, 3],
    new Float32Array(108).map((_, i) => ((i * 7) % 13) / 13 - 0.4),
  );
  graph.node('Relu', [graph.window('Conv', [input, weights], 3, 1, 1)], {}, 'output');
  graph.output('output', [1, 4, 8, 8]);
  writeFileSync(model, modelCodec.encode(graph.build('test')));
}, 60_000);

async function valuesOf(isolation: Isolation, instances = 1): Promise<unknown[]> {
  const run = await pipeline(video(left), video(right))
    .use(analyzer(twin('brightness', isolation), { name: 'brightness', isolation, instances }))
    .use(analyzer(twin('changes', isolation), { name: 'changes', isolation, options: { above: 0.01 } }))
    .start();
  const values: unknown[][] = [[], []];
  for await (const frame of run) values[Number(frame.source)]!.push([frame.brightness, frame.changes]);
  await closed(run);
  return values.flat();
}

describe.skipIf(!hostsWork)('an analyzer of a file', () => {
  let inline: unknown[];
  beforeAll(async () => {
    inline = await valuesOf('inline');
  });

  test('sees every frame of both sources, and the results of others', () => {
    expect(inline).toHaveLength(50);
    expect(inline[0]).toMatchObject([
      { index: 0, size: [64, 36] },
      { changed: true, frames: 1 },
    ]);
    expect(inline[49]).toMatchObject([{ index: 24, size: [64, 48] }, { frames: 25 }]);
    expect(new Set(inline.map((values) => JSON.stringify(values))).size).toBe(50);
  });

  test.each(inHosts.map((isolation) => [nameOf(isolation), isolation] as const))(
    'gives the same results in a %s',
    async (_, isolation) => expect(await valuesOf(isolation)).toEqual(inline),
  );

  test.each(inHosts.map((isolation) => [nameOf(isolation), isolation] as const))(
    'gives the same results with two instances in a %s',
    async (_, isolation) => expect(await valuesOf(isolation, 2)).toEqual(inline),
  );

  test.each(['inline', 'thread', 'process'] as const)(
    'looks at one frame after the other, however long that takes, in a %s',
    async (isolation) => {
      const run = await pipeline(video(left), video(right))
        .use(analyzer(moduleFile('unhurried.js'), { name: 'unhurried', isolation }))
        .use(analyzer(moduleFile('brightness.js'), { name: 'brightness' }))
        .start();
      let count = 0;
      for await (const frame of run) {
        const { mean } = frame.brightness as { mean: number };
        expect(frame.unhurried).toEqual({ alone: true, inOrder: true, mean });
        count++;
      }
      expect(count).toBe(50);
      await closed(run);
    },
  );

  test('loads native libraries of its own in every place that runs JavaScript', async () => {
    const seen: unknown[] = [];
    for (const isolation of ['inline', 'thread', 'process'] as const) {
      const run = await pipeline(video(left, { endMs: 400 }))
        .use(analyzer(moduleFile('inference.js'), { name: 'inference', isolation, options: { model } }))
        .start();
      const values: unknown[] = [];
      for await (const frame of run) values.push(frame.inference);
      await closed(run);
      seen.push(values);
    }
    expect(seen[0]).toHaveLength(10);
    expect((seen[0] as number[][])[0]!.some((value) => value > 0)).toBe(true);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  test.each((['inline', ...inHosts] as Isolation[]).map((isolation) => [nameOf(isolation), isolation] as const))(
    'has its value checked by its schema in a %s, before it crosses',
    async (_, isolation) => {
      const use = { name: 'checked', isolation } as const;
      const short = await pipeline(video(left, { endMs: 200 }))
        .use(analyzer(twin('checked', isolation), use))
        .start();
      const values: unknown[] = [];
      for await (const frame of short) values.push(frame.checked);
      await closed(short);
      expect(values).toEqual([1, 2, 3, 4, 5].map((number) => ({ number })));
      const long = await pipeline(video(left))
        .use(analyzer(twin('checked', isolation), use))
        .start();
      const error = await long.done.catch((reason) => reason);
      expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'checked' });
      expect(error.message).toContain('The value does not fit the schema: index: Expected an index below 5');
    },
  );

  test.skipIf(!complete)('gets a crop of every face, the same in every place', async () => {
    const clip = facesClip(join(folderFor('chips'), 'faces.mp4'));
    const seen: unknown[] = [];
    for (const isolation of ['inline', ...inHosts] as Isolation[]) {
      const run = await pipeline(video(clip, { endMs: 320 }))
        .use(detect('faces', 'blazeface'))
        .use(analyzer(twin('chips', isolation), { name: 'chips', isolation }))
        .start();
      const values: unknown[] = [];
      for await (const frame of run) {
        const chips = frame.chips as { index: number }[];
        expect(chips.map(({ index }) => index)).toEqual(frame.faces.map((_, i) => i));
        for (const chip of chips) expect(chip).toMatchObject({ width: 32, height: 32, same: true });
        values.push(chips);
      }
      await closed(run);
      seen.push(values);
    }
    expect((seen[0] as unknown[][]).flat().length).toBeGreaterThan(4);
    for (const values of seen) expect(values).toEqual(seen[0]);
  });

  test.skipIf(!complete)('gets the last crops of every track, the same in every place', async () => {
    const clip = facesClip(join(folderFor('windows'), 'faces.mp4'), { seconds: 1 });
    type WindowFacts = { track: number; fresh: boolean; hashes: number[]; sizes: unknown[]; same: boolean };
    const seen: WindowFacts[][][] = [];
    for (const isolation of ['inline', ...inHosts] as Isolation[]) {
      const run = await pipeline(video(clip, { endMs: 600 }))
        .use(detect('faces', 'blazeface'))
        .use(track('tracks', { of: 'faces' }))
        .use(analyzer(twin('windows', isolation), { name: 'windows', isolation }))
        .start();
      const values: WindowFacts[][] = [];
      for await (const frame of run) values.push(frame.windows as WindowFacts[]);
      await closed(run);
      seen.push(values);
    }
    for (const values of seen) expect(values).toEqual(seen[0]);
    const windows = seen[0]!.flat();
    for (const window of windows) expect(window).toMatchObject({ same: true });
    for (const { sizes } of windows) expect(sizes).toEqual(sizes.map(() => [24 * 24 * 3, 24, 24, 'rgb24']));
    const first = windows.filter(({ track: id }) => id === windows[0]!.track);
    expect(first.map(({ hashes }) => hashes.length)).toEqual(
      expect.arrayContaining([2, 3, 4]), // from `min` to `window`, and never more
    );
    expect(first.length).toBeGreaterThan(8);
    // A window moves by one crop every second frame in which its track is seen.
    for (const [i, { fresh, hashes }] of first.entries()) {
      expect(fresh).toBe(i % 2 === 0);
      const before = first[i - 1]?.hashes ?? hashes.slice(0, -1);
      const kept = before.slice(before.length === 4 ? 1 : 0);
      expect(hashes).toEqual(fresh ? [...kept, hashes.at(-1)] : before);
    }
  });

  test.skipIf(!complete || !numpyWorks)('stacks the crops of a window as one numpy array', async () => {
    const clip = facesClip(join(folderFor('stacks'), 'faces.mp4'), { seconds: 1 });
    const run = await pipeline(video(clip, { endMs: 240 }))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .use(analyzer(moduleFile('stacks.py'), { name: 'stacks', isolation: { python } }))
      .start();
    const stacks: unknown[] = [];
    for await (const frame of run) stacks.push(...(frame.stacks as unknown[]));
    await closed(run);
    expect(stacks.length).toBeGreaterThan(2);
    for (const stack of stacks) expect(stack).toEqual({ shape: [3, 6, 8, 3], same: true });
  });

  test.skipIf(!numpyWorks)('sees pixels as numpy arrays', async () => {
    const run = await pipeline(video(left, { endMs: 200 }))
      .use(analyzer(moduleFile('arrays.py'), { name: 'arrays', isolation: { python } }))
      .start();
    for await (const frame of run)
      expect(frame.arrays).toEqual({ shape: [18, 32, 3], writable: false, owns: false, mean: expect.any(Number) });
    await closed(run);
  });
});
