/** What a description becomes before it runs: the graph, the sources, the output. */
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { analyzer, classify, detect, follow, grid, identify, pipeline, split, track, video } from '../src/index.js';
import { scratch, tinyClip, tinyDetector, tinyEmbedder, watchRuns } from './tiny.js';

const folder = scratch('graph');
const clip = tinyClip(join(folder, 'a.mp4'), { frames: 2 });
const out = join(folder, 'o.mp4');
const model = tinyDetector(folder);
const embedder = tinyEmbedder(folder);
const small = { width: 64, height: 64 };
const runs = watchRuns();
afterAll(() => runs.stop());
beforeEach(() => runs.specs.splice(0));

/** Starts whatever the compiler would not let through. */
const start = (description: unknown) => (description as { start(): Promise<{ close(): Promise<void> }> }).start();
const composition = () => runs.spec.compositions![0]!;
const names = () => runs.spec.modules.map(({ name }) => name);

describe('the graph', () => {
  test('follows from dependencies, not from the order of calls', async () => {
    const run = await pipeline(video(clip))
      .use(identify('people', { of: 'tracks', model: embedder }))
      .use(track('tracks', { of: 'faces' }))
      .use(detect('faces', model))
      .start();
    expect(names()).toEqual(['faces', 'tracks', 'people']);
    await run.close();
  });

  test('misses a module: the error names both', async () => {
    const error = await start(pipeline(video(clip)).use(track('tracks', { of: 'faces' }))).catch((e) => e);
    expect(error).toMatchObject({ code: 'GRAPH_INVALID', module: 'tracks', hint: "Add .use(...) for 'faces'." });
    expect(error.message).toBe("Module 'tracks' depends on 'faces', which is not used (modules: tracks)");
    expect(runs.specs).toHaveLength(0);
  });

  test('has a circle: the error shows it', async () => {
    const a = analyzer({ name: 'a', depends: ['b'], analyze: () => 1 });
    const b = analyzer({ name: 'b', depends: ['c'], analyze: () => 1 });
    const c = analyzer({ name: 'c', depends: ['a'], analyze: () => 1 });
    await expect(start(pipeline().use(a).use(b).use(c))).rejects.toThrow('in a circle: a > b > c > a');
  });

  test('has two modules of one name', async () => {
    const twice = pipeline().use(detect('faces', model)).use(detect('faces', model));
    await expect(start(twice)).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      message: "Two modules are called 'faces'",
    });
  });

  test.each(['source', 'index', 'timeMs', 'pixels', 'close'])(
    'has a module called like a property of frames: %s',
    async (name) => {
      await expect(start(pipeline().use(detect(name, model)))).rejects.toMatchObject({
        code: 'GRAPH_INVALID',
        module: name,
      });
    },
  );

  test('joins modules that do not fit', async () => {
    const wrong = pipeline()
      .use(detect('faces', model))
      .use(identify('people', { of: 'faces', model }));
    await expect(start(wrong)).rejects.toThrow("Module 'people' needs tracks but 'faces' gives detections");
  });

  test('falls back to a module that is not there', async () => {
    const lonely = pipeline().use(detect('faces', model, { onError: 'fallback', fallback: 'others' }));
    await expect(start(lonely)).rejects.toThrow("falls back to 'others', which is not used");
  });

  test('is read by a layout: what is followed must be there and have boxes', async () => {
    const missing = pipeline(video(clip))
      .compose(grid({ tiles: [follow('people')] }))
      .encode(out);
    await expect(start(missing)).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    const mood = classify('mood', model);
    const boxless = pipeline(video(clip))
      .use(mood)
      .compose(grid({ tiles: [follow('mood')] }))
      .encode(out);
    await expect(start(boxless)).rejects.toThrow("reads 'mood', which gives no boxes");
  });
});

describe('sources and models', () => {
  test('sources have the id of their position, or their own', async () => {
    const run = await pipeline(video(clip), video(clip, { id: 'door' })).start();
    expect(runs.spec.sources.map(({ id }) => id)).toEqual(['0', 'door']);
    await run.close();
  });

  test('two sources cannot share an id', async () => {
    const same = pipeline(video(clip), video(clip, { id: '0' }));
    await expect(same.start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a model that is not there fails the start with the next command', async () => {
    const byName = pipeline(video(clip)).use(detect('faces', 'nobody'));
    await expect(byName.start()).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      hint: expect.stringContaining('models list'),
    });
    await expect(pipeline().use(detect('faces', './none.onnx')).start()).rejects.toThrow(/no model file .*none\.onnx/);
  });

  test('tiles name sources by position or id', async () => {
    const sources = [video(clip), video(clip, { id: 'door' })];
    const run = await pipeline(...sources)
      .compose(split({ ...small, left: 'door', right: 0 }))
      .encode(out)
      .start();
    expect(composition().layout.tiles.map(({ source }) => source)).toEqual([1, 0]);
    await run.close();
    const unknown = pipeline(...sources)
      .compose(split({ left: 2, right: 0 }))
      .encode(out);
    await expect(unknown.start()).rejects.toThrow(
      "Expected one of the sources 0, 1 ('door') for tile 0 but received 2",
    );
    const reserved = await pipeline(...sources)
      .compose(split({ ...small, left: 'window', right: 0 }))
      .encode(out)
      .start();
    expect(composition().layout.tiles).toMatchObject([{ source: -1, reserved: 'window' }, { source: 0 }]);
    await reserved.close();
  });
});

describe('encoding', () => {
  test('one source without a layout keeps its size, which is known when it is opened', async () => {
    const run = await pipeline(video(clip)).encode(out, { profile: 'quality' }).start();
    expect(composition().layout).toMatchObject({
      kind: 'custom',
      width: 0,
      height: 0,
      tiles: [{ source: 0, fit: 'contain' }],
    });
    expect(composition().outputs[0]).toEqual({ name: out, path: out, profile: 'quality' });
    await run.close();
  });

  test.each([
    [2e6, { bitrate: 2e6 }],
    [
      { min: 1e6, max: 6e6 },
      { minBitrate: 1e6, bitrate: 6e6 },
    ],
  ])('at a bitrate of %j', async (bitrate, spec) => {
    const run = await pipeline(video(clip)).encode(out, { bitrate }).start();
    expect(composition().outputs[0]).toMatchObject(spec);
    await run.close();
  });

  test('several sources need a layout', async () => {
    await expect(pipeline(video(clip), video(clip)).encode(out).start()).rejects.toThrow(
      'Expected compose(layout) before encode, with 2 sources, for layout but received undefined',
    );
  });

  test('a layout needs an output', async () => {
    await expect(pipeline(video(clip)).compose(grid(small)).start()).rejects.toThrow(
      'Expected encode(...) after compose(...)',
    );
  });

  test('without a path there are packets', async () => {
    const run = await pipeline(video(clip), video(clip)).compose(grid(small)).encode(null).start();
    expect(composition().outputs).toEqual([{ name: 'packets' }]);
    await run.close();
  });

  test('audio can come from a source by id', async () => {
    const sources = [video(clip), video(clip, { id: 'door' })];
    const run = await pipeline(...sources)
      .compose(grid(small))
      .encode(out, { audio: 'door' })
      .start();
    expect(composition().outputs[0]).toMatchObject({ audioSource: 1 });
    await run.close();
  });

  test('audio can come from a source that is to join, by its id', async () => {
    const run = await pipeline(video(clip)).compose(grid(small)).encode(out, { audio: 'guest' }).start();
    expect(composition().outputs[0]).toMatchObject({ audioId: 'guest' });
    await run.close();
    const numbered = pipeline(video(clip)).compose(grid(small)).encode(out, { audio: 1 });
    await expect(numbered.start()).rejects.toThrow('Expected one of the sources 0 for audio but received 1');
  });
});
