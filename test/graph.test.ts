import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fake } from './fake/addon.js';
import { scratch } from './fake/mock.js';

vi.mock('../src/addon.js', async () => (await import('./fake/addon.js')).fakeAddonModule());
const api = await import('../src/index.js');
const { analyzer, classify, detect, follow, grid, identify, pipeline, split, track, video } = api;
const { model } = scratch('graph');

beforeEach(() => fake.reset({ frames: [1, 1] }));

/** Starts whatever the compiler would not let through. */
const start = (description: unknown) => (description as { start(): Promise<{ close(): Promise<void> }> }).start();
const names = () => fake.run.spec.modules.map(({ name }) => name);

describe('the graph', () => {
  test('follows from dependencies, not from the order of calls', async () => {
    const run = await pipeline(video('a.mp4'))
      .use(identify('people', { of: 'tracks', model }))
      .use(track('tracks', { of: 'faces' }))
      .use(detect('faces', model))
      .start();
    expect(names()).toEqual(['faces', 'tracks', 'people']);
    await run.close();
  });

  test('misses a module: the error names both', async () => {
    const error = await start(pipeline(video('a.mp4')).use(track('tracks', { of: 'faces' }))).catch((e) => e);
    expect(error).toMatchObject({ code: 'GRAPH_INVALID', module: 'tracks', hint: "Add .use(...) for 'faces'." });
    expect(error.message).toBe("Module 'tracks' depends on 'faces', which is not used (modules: tracks)");
    expect(fake.runs).toHaveLength(0);
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
    const missing = pipeline(video('a.mp4'))
      .compose(grid({ tiles: [follow('people')] }))
      .encode('o.mp4');
    await expect(start(missing)).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    const mood = classify('mood', model);
    const boxless = pipeline(video('a.mp4'))
      .use(mood)
      .compose(grid({ tiles: [follow('mood')] }))
      .encode('o.mp4');
    await expect(start(boxless)).rejects.toThrow("reads 'mood', which gives no boxes");
  });
});

describe('sources and models', () => {
  test('sources have the id of their position, or their own', async () => {
    const run = await pipeline(video('a.mp4'), video('b.mp4', { id: 'door' })).start();
    expect(fake.run.spec.sources.map(({ id }) => id)).toEqual(['0', 'door']);
    await run.close();
  });

  test('two sources cannot share an id', async () => {
    const same = pipeline(video('a.mp4'), video('b.mp4', { id: '0' }));
    await expect(same.start()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('a model that is not there fails the start with the next command', async () => {
    const byName = pipeline(video('a.mp4')).use(detect('faces', 'nobody'));
    await expect(byName.start()).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      hint: expect.stringContaining('models list'),
    });
    await expect(pipeline().use(detect('faces', './none.onnx')).start()).rejects.toThrow(/no model file .*none\.onnx/);
  });

  test('tiles name sources by position or id', async () => {
    const sources = [video('a.mp4'), video('b.mp4', { id: 'door' })];
    const run = await pipeline(...sources)
      .compose(split({ left: 'door', right: 0 }))
      .encode('o.mp4')
      .start();
    expect(fake.run.spec.compose!.tiles.map(({ source }) => source)).toEqual([1, 0]);
    await run.close();
    const unknown = pipeline(...sources)
      .compose(split({ left: 'window', right: 0 }))
      .encode('o.mp4');
    await expect(unknown.start()).rejects.toThrow(
      "Expected one of the sources 0, 1 ('door') for tile 0 but received 'window'",
    );
  });
});

describe('encoding', () => {
  test('one source without a layout keeps its size, which is known when it is opened', async () => {
    const run = await pipeline(video('a.mp4')).encode('o.mp4', { profile: 'quality' }).start();
    expect(fake.run.spec.compose).toMatchObject({
      kind: 'custom',
      width: 0,
      height: 0,
      tiles: [{ source: 0, fit: 'contain' }],
    });
    expect(fake.run.spec.output).toEqual({ path: 'o.mp4', profile: 'quality', audio: 'first', packets: false });
    await run.close();
  });

  test.each([2e6, { min: 1e6, max: 6e6 }])('at a bitrate of %j', async (bitrate) => {
    const run = await pipeline(video('a.mp4')).encode('o.mp4', { bitrate }).start();
    expect(fake.run.spec.output).toMatchObject({ bitrate });
    await run.close();
  });

  test('several sources need a layout', async () => {
    await expect(pipeline(video('a.mp4'), video('b.mp4')).encode('o.mp4').start()).rejects.toThrow(
      'Expected compose(layout) before encode, with 2 sources, for layout but received undefined',
    );
  });

  test('a layout needs an output', async () => {
    await expect(pipeline(video('a.mp4')).compose(grid()).start()).rejects.toThrow(
      'Expected encode(...) after compose(...)',
    );
  });

  test('without a path there are packets', async () => {
    const run = await pipeline(video('a.mp4'), video('b.mp4')).compose(grid()).encode(null).start();
    expect(fake.run.spec.output).toEqual({ audio: 'first', packets: true });
    await run.close();
  });

  test('sound can come from a source by id', async () => {
    const sources = [video('a.mp4'), video('b.mp4', { id: 'door' })];
    const run = await pipeline(...sources)
      .compose(grid())
      .encode('o.mp4', { audio: 'door' })
      .start();
    expect(fake.run.spec.output!.audio).toBe(1);
    await run.close();
  });

  test('sound can come from a source that is to join, by its id', async () => {
    const run = await pipeline(video('a.mp4')).compose(grid()).encode('o.mp4', { audio: 'guest' }).start();
    expect(fake.run.spec.output!.audio).toEqual({ id: 'guest' });
    await run.close();
    const numbered = pipeline(video('a.mp4')).compose(grid()).encode('o.mp4', { audio: 1 });
    await expect(numbered.start()).rejects.toThrow('Expected one of the sources 0 for audio but received 1');
  });
});
