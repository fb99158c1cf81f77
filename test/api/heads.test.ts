/** Heads and crops on the real engine, with models that the test makes: what they see is known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../packages/models/src/graph-builder.js';
import { type BoxClasses, classify, detect, frames, pipeline, raw, track } from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import * as made from './made-models.js';
import { codeOf } from './outcomes.js';

const { side } = made;
const size = { width: side, height: side, format: 'gray8' as const, fps: 25 };
let folder: string;

beforeAll(() => {
  folder = folderFor('heads');
});

const save = (name: string, builder: GraphBuilder, metadata: Record<string, string>) =>
  made.save(folder, name, builder, metadata);
const finds = (name: string, rows: number[][]) => made.finds(folder, name, rows);
const brightness = () => made.brightness(folder);
const facts = { labels: ['dark', 'bright'] };

/** A gray picture: `paint` gives the brightness of a pixel. */
function picture(paint: (x: number, y: number) => number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, i) => paint(i % side, Math.floor(i / side)));
}
async function* film(pictures: Uint8Array[]) {
  for (const [i, data] of pictures.entries()) yield { data, timeMs: i * 40 };
}

const best = (boxes: readonly BoxClasses[]) => boxes.map(({ classes }) => classes[0]?.label);

describe.skipIf(!complete)('classify on boxes', () => {
  const halves = picture((x) => (x < side / 2 ? 0 : 255));

  test('returns a row of classes for each box of a detector, in its order, empty for small ones', async () => {
    const boxes = finds('boxes', [
      [4, 4, 28, 28, 0.9, 0],
      [36, 4, 60, 28, 0.8, 0],
      [10, 40, 18, 48, 0.7, 0],
    ]);
    const path = join(folder, 'lines.jsonl');
    const run = await pipeline(frames(film([halves, halves]), size))
      .use(detect('things', boxes))
      .use(classify('light', { of: 'things', model: brightness(), facts, topK: 2, minSize: 10 }))
      .results(path)
      .start();
    for await (const frame of run) {
      expect(frame.light.map(({ box }) => box)).toEqual(frame.things.map(({ box }) => box));
      expect(best(frame.light)).toEqual(['dark', 'bright', undefined]);
      expect(frame.light[0]!.classes.map(({ label }) => label)).toEqual(['dark', 'bright']);
      expect(frame.light[1]!.classes[0]!.score).toBeCloseTo(1, 2);
      expect(frame.light[0]).not.toHaveProperty('track');
      expect(frame.light[2]!.classes).toEqual([]);
    }
    await run.close();
    const [line] = readFileSync(path, 'utf8').split('\n');
    expect(JSON.parse(line!).light[1]).toMatchObject({
      box: [36, 4, 60, 28],
      classes: [{ class: 1, label: 'bright' }, { class: 0 }],
    });
  });

  test('single pictures are classified too', async () => {
    const run = await pipeline()
      .use(detect('things', finds('one', [[36, 4, 60, 28, 0.9, 0]])))
      .use(classify('light', { of: 'things', model: brightness(), facts }))
      .start();
    const { light } = await run.submit({ data: halves, width: side, height: side, format: 'gray8' });
    expect(best(light)).toEqual(['bright']);
    await run.close();
  });

  test('a margin shows what is around the box', async () => {
    const ring = picture((x, y) => (Math.abs(x - 32) < 8 && Math.abs(y - 32) < 8 ? 0 : 255));
    const boxes = finds('middle', [[24, 24, 40, 40, 0.9, 0]]);
    const seen = async (margin: number) => {
      const run = await pipeline(frames(film([ring]), size))
        .use(detect('things', boxes))
        .use(classify('light', { of: 'things', model: brightness(), facts, margin }))
        .start();
      const found: (string | undefined)[] = [];
      for await (const frame of run) found.push(...best(frame.light));
      await run.close();
      return found;
    };
    expect(await seen(0)).toEqual(['dark']);
    expect(await seen(1)).toEqual(['bright']);
  });

  /** bright, dark, bright ... under one track: how bright it is classified as */
  async function flicker(options: { smooth?: number; every?: number }, count: number): Promise<number[]> {
    const [white, black] = [picture(() => 255), picture(() => 0)];
    const run = await pipeline(frames(film(Array.from({ length: count }, (_, i) => (i % 2 ? black : white))), size))
      .use(detect('things', finds('still', [[10, 10, 50, 50, 0.9, 0]])))
      .use(track('tracks', { of: 'things' }))
      .use(classify('light', { of: 'tracks', model: brightness(), facts, ...options }))
      .start();
    const scores: number[] = [];
    for await (const frame of run) {
      expect(frame.light).toHaveLength(frame.tracks.length);
      for (const [i, { track: id, classes }] of frame.light.entries()) {
        expect(id).toBe(frame.tracks[i]!.track);
        scores.push(classes.find(({ label }) => label === 'bright')!.score);
      }
    }
    await run.close();
    return scores;
  }

  test('of tracks is smoothed over time', async () => {
    const scores = await flicker({ smooth: 0.5 }, 6);
    let expected = 1;
    for (const [i, score] of scores.entries()) {
      if (i > 0) expected = 0.5 * expected + 0.5 * (i % 2 ? 0 : 1);
      expect(score).toBeCloseTo(expected, 3);
    }
    expect(scores).toHaveLength(6);
  });

  test('of tracks looks again after some frames and keeps its word between', async () => {
    const scores = await flicker({ every: 3 }, 8);
    expect(scores.map((score) => Math.round(score))).toEqual([1, 1, 1, 0, 0, 0, 1, 1]);
  });

  test('what does not fit is refused when it starts, with the module named', async () => {
    const things = detect('things', finds('any', [[4, 4, 28, 28, 0.9, 0]]));
    const model = brightness();
    const started = (...modules: Parameters<ReturnType<typeof pipeline>['use']>[0][]) => {
      let from = pipeline(frames(film([halves]), size)) as ReturnType<typeof pipeline>;
      for (const module of modules) from = from.use(module) as typeof from;
      return codeOf(from.start());
    };
    const of = (name: string, more = {}) => classify('light', { of: name, model, facts, ...more }) as never;
    expect(await started(of('things'))).toBe('GRAPH_INVALID');
    expect(await started(things, of('things', { smooth: 0.5 }))).toBe('GRAPH_INVALID');
    expect(await started(things, of('things', { every: 2 }))).toBe('GRAPH_INVALID');
    expect(await started(raw('things', model, { scale: [1] }) as never, of('things'))).toBe('GRAPH_INVALID');
    expect(
      await started(things, classify('light', { of: 'things', model: finds('boxes2', [[0, 0, 1, 1, 1, 0]]) }) as never),
    ).toBe('MODEL_UNSUPPORTED');
  });
});

describe.skipIf(!complete)('a head', () => {
  test('gives masks of the frame as COCO run lengths', async () => {
    const builder = new GraphBuilder('segments');
    const input = builder.input('images', [1, 3, side, side]);
    const gray = builder.node('Conv', [input, builder.constant('mean', [1, 3, 1, 1], [1 / 3, 1 / 3, 1 / 3])]);
    const cells = builder.window('AveragePool', [gray], 4, 4);
    const half = builder.constant('half', [1, 1, 1, 1], [127.5]);
    builder.node('Sub', [cells, half], {}, 'output1');
    builder.node('Identity', [builder.constant('rows', [1, 1, 7], [6, 6, 62, 62, 0.9, 0, 1])], {}, 'output0');
    builder.output('output0', [1, 1, 7]);
    builder.output('output1', [1, 1, side / 4, side / 4]);
    const model = save('segments', builder, { head: 'yolo-end2end', scale: '1', pad: '0' });
    const square = picture((x, y) => (x >= 16 && x < 40 && y >= 20 && y < 52 ? 255 : 0));
    const path = join(folder, 'masks.jsonl');
    const run = await pipeline(frames(film([square]), size))
      .use(detect('things', model))
      .results(path)
      .start();
    const masks: unknown[] = [];
    for await (const frame of run) masks.push(...frame.things.map(({ mask }) => mask));
    await run.close();
    expect(masks).toHaveLength(1);
    const mask = masks[0] as { size: [number, number]; counts: string };
    expect(mask.size).toEqual([side, side]);
    const inside = decodeMask(mask);
    const at = (x: number, y: number) => inside[x * side + y];
    for (let x = 0; x < side; x++)
      for (let y = 0; y < side; y++) {
        const distance = Math.min(x - 16, 39 - x, y - 20, 51 - y);
        // The corners of a square that cells of 4 pixels mix are round; nothing else is near the edge.
        if (distance > 1) expect(at(x, y)).toBe(true);
        if (distance < -1) expect(at(x, y)).toBe(false);
      }
    const [line] = readFileSync(path, 'utf8').split('\n');
    expect(JSON.parse(line!).things[0].mask).toEqual(mask);
  });

  test('gives keypoints with scores', async () => {
    const model = finds('pose', [[4, 4, 60, 60, 0.9, 0, 10, 12, 0.75, 30, 33, 0.5]]);
    const run = await pipeline(frames(film([picture(() => 9)]), size))
      .use(detect('people', model))
      .start();
    for await (const { people } of run)
      expect(people).toEqual([
        {
          box: [4, 4, 60, 60],
          score: expect.closeTo(0.9, 5),
          class: 0,
          keypoints: [
            [10, 12],
            [30, 33],
          ],
          keypointScores: [0.75, 0.5],
        },
      ]);
    await run.close();
  });
});

/** Column by column, as rleFrString of cocoapi's maskApi.c reads it. */
function decodeMask({ size: [height, width], counts }: { size: [number, number]; counts: string }): boolean[] {
  const runs: number[] = [];
  for (let at = 0; at < counts.length; ) {
    let [value, shift, character] = [0, 0, 0];
    do {
      character = counts.charCodeAt(at++) - 48;
      value |= (character & 31) << shift;
      shift += 5;
    } while (character & 32);
    if (character & 16) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value);
  }
  const inside = runs.flatMap((run, i) => new Array<boolean>(run).fill(i % 2 === 1));
  expect(inside).toHaveLength(height * width);
  return inside;
}
