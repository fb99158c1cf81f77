/** Identities and their files on the real engine, while and after a run goes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../packages/models/src/graph-builder.js';
import { setMetadata, writeModel } from '../../packages/models/src/onnx-proto.js';
import { detect, frames, identify, pipeline, track } from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import { closed } from './outcomes.js';

const side = 64;
const across = 7;
const pictures = 900;
let folder: string;
let model: string;

/** A detector that finds a grid of boxes in every picture. */
function gridModel(path: string): string {
  const at = (n: number) => n * 9 + 1;
  const rows = Array.from({ length: across * across }, (_, i) => {
    const [x, y] = [at(i % across), at(Math.floor(i / across))];
    return [x, y, x + 7, y + 7, 0.9, 0];
  });
  const builder = new GraphBuilder('grid');
  const input = builder.input('images', [1, 3, side, side]);
  const zero = builder.constant('zero', [1, 3, 1, 1], [0, 0, 0]);
  const nothing = builder.node('Mul', [builder.node('GlobalAveragePool', [input]), zero]);
  const none = builder.node('Reshape', [builder.node('ReduceMean', [nothing]), builder.integers([1, 1, 1])]);
  builder.node('Add', [builder.constant('rows', [1, rows.length, 6], rows.flat()), none], {}, 'output0');
  builder.output('output0', [1, rows.length, 6]);
  const proto = builder.build('a test');
  for (const [key, value] of Object.entries({ head: 'yolo-end2end', scale: '1', pad: '0' }))
    setMetadata(proto, `framepath.${key}`, value);
  writeFileSync(path, writeModel(proto));
  return path;
}

beforeAll(() => {
  folder = folderFor('identities');
  model = gridModel(join(folder, 'grid.onnx'));
});

async function* film() {
  const data = new Uint8Array(side * side);
  for (let i = 0; i < pictures; i++) yield { data, timeMs: i * 40 };
}

const people = () =>
  pipeline(frames(film(), { width: side, height: side, format: 'gray8', fps: 25 }))
    .use(detect('things', model))
    .use(track('tracks', { of: 'things' }))
    .use(identify('people', { of: 'tracks', model: 'face-recognition', reid: 'off' }));

describe.skipIf(!complete)('identities', () => {
  test('a MOT file of several parts has every row once, and the event loop turns while it is written', async () => {
    const mot = join(folder, 'm.txt');
    const run = await people().mot(mot).start();
    let delivered = 0;
    let turns = 0;
    const turn = setInterval(() => {
      if (delivered === pictures) turns++; // it finishes its files
    }, 0);
    for await (const _ of run) delivered++;
    clearInterval(turn);
    await run.close();
    const lines = readFileSync(mot, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(pictures * across * across);
    const keys = lines.map((line) => line.split(',', 2).map(Number) as [number, number]);
    expect(keys).toEqual(keys.toSorted(([a, x], [b, y]) => a - b || x - y));
    expect(new Set(lines.map((line) => line.split(',', 2).join())).size).toBe(lines.length);
    expect(turns).toBeGreaterThan(3);
  });

  test('who asks at once gets the same relinking, also after the run is closed', async () => {
    const run = await people().start();
    await run.done;
    const [timeline, relink, bank] = await Promise.all([run.timeline(), run.relink(), run.bank()]);
    expect(timeline.identities).toHaveLength(across * across);
    for (const { frames: count, spans, subIds } of timeline.identities) {
      expect(count).toBe(pictures);
      expect(spans).toEqual([{ source: '0', startMs: 0, endMs: (pictures - 1) * 40 }]);
      expect(subIds).toHaveLength(1);
    }
    expect(relink).toEqual({ merged: [] });
    expect(bank.byteLength).toBeGreaterThan(0);
    const { reid } = await closed(run);
    expect(reid).toMatchObject({ detections: pictures * across * across, thinned: 0, forgotten: 0 });
    expect(await run.timeline()).toEqual(timeline);
  });
});
