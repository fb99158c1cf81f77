/** What a model's file does not state: asked for once, all of it, with the text to paste. */
import { beforeAll, describe, expect, test } from 'vitest';
import { classify, detect, frames, identify, pipeline, raw, track } from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import { finds, means, side } from './made-models.js';

const size = { width: side, height: side, format: 'gray8' as const, fps: 25 };
let folder: string;

beforeAll(() => {
  folder = folderFor('facts');
});

async function* film(count: number) {
  for (let i = 0; i < count; i++) yield { data: new Uint8Array(side * side).fill(100), timeMs: i * 40 };
}
const source = () => frames(film(3), size);

async function failure(description: { start(): Promise<unknown> }) {
  const error = await description.start().catch((thrown) => thrown);
  expect(error).toMatchObject({ code: expect.stringMatching(/^MODEL_/) });
  return error as Error & { code: string; hint: string; module: string };
}

describe.skipIf(!complete)('an embedding model by path', () => {
  const people = (options: object) =>
    pipeline(source())
      .use(detect('faces', finds(folder, 'faces', [[4, 4, 60, 60, 0.9, 0]])))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model: means(folder, 'embedder'), ...options }));

  test('is asked for its metric, its threshold and its scale in one error', async () => {
    const error = await failure(people({}));
    expect(error).toMatchObject({ code: 'MODEL_SPEC_NEEDED', module: 'people' });
    for (const part of ['"people"', 'embedder.onnx', 'mean and scale', 'metric', 'threshold', 'means float32'])
      expect(error.message).toContain(part);
    expect(error.hint).toContain("{ metric: 'cosine', threshold: 0.5, facts: { mean: [127.5], scale: [0.0078125] } }");
    expect(error.hint).toContain('--embed-facts mean=127.5,scale=0.0078125,metric=cosine,threshold=0.5');
  });

  test('is asked only for what is still missing', async () => {
    const error = await failure(people({ facts: { scale: [1] }, metric: 'l2' }));
    expect(error.message).toContain('threshold');
    expect(error.hint).not.toMatch(/metric:|scale/);
  });

  test('runs with the text that was pasted, and needs no head', async () => {
    const run = await people({
      metric: 'cosine',
      threshold: 0.5,
      facts: { mean: [127.5], scale: [0.0078125] },
    }).start();
    await run.done;
    expect((await run.report()).models.map(({ name }) => name)).toContain('embedder.onnx');
    await run.close();
  });

  test('is not asked for anything where it is not opened', async () => {
    const run = await people({ reid: 'off' }).start();
    await run.done;
    await run.close();
  });
});

describe.skipIf(!complete)('a head', () => {
  test('is implied by classify and raw', async () => {
    const run = await pipeline(source())
      .use(classify('scene', means(folder, 'classes'), { scale: [1 / 255] }))
      .use(raw('tensor', finds(folder, 'read raw', [[4, 4, 60, 60, 0.9, 0]])))
      .start();
    for await (const frame of run) {
      expect(frame.scene).toHaveLength(3);
      expect(frame.tensor[0]!.dims).toEqual([1, 1, 6]);
    }
    await run.close();
  });

  test('is asked for by detect, with the names there are', async () => {
    const error = await failure(pipeline(source()).use(detect('things', means(folder, 'mystery'))));
    expect(error).toMatchObject({ code: 'MODEL_SPEC_NEEDED', module: 'things' });
    expect(error.hint).toContain("{ head: 'yolo' }");
    expect(error.hint).toContain('--detect-facts head=yolo');
    expect(error.hint).toMatch(/Heads: blazeface, .*raw\./);
  });

  test('that a file shows is not replaced by what is implied', async () => {
    const error = await failure(
      pipeline(source()).use(classify('scene', finds(folder, 'boxes', [[4, 4, 60, 60, 1, 0]]))),
    );
    expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED', module: 'scene' });
    expect(error.message).toContain('"scene"');
  });
});
