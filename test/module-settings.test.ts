// Where modules run, and whether, as configuration.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { explanationText } from '../src/explain/text.js';
import { analyzer, classify, detect, follow, identify, pipeline, split, track, video } from '../src/index.js';
import { scratch, tinyClip, tinyDetector, tinyEmbedder, watchRuns } from './tiny.js';

const folder = scratch('settings');
const clip = tinyClip(join(folder, 'a.mp4'), { frames: 4 });
const model = tinyDetector(folder);
const embedder = tinyEmbedder(folder);
const runs = watchRuns();
afterAll(() => runs.stop());
afterEach(() => vi.unstubAllEnvs());

/** The configuration of this test, and how `from` calls it. */
function configured(content: object, environment?: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(content));
  vi.stubEnv('FRAMEPATH_CONFIG', path);
  if (environment) vi.stubEnv('FRAMEPATH_ENV', environment);
  return path;
}

const analyze = () => 1;
const faces = () => detect('faces', model);
const people = () =>
  pipeline(video(clip))
    .use(faces())
    .use(track('tracks', { of: 'faces' }))
    .use(identify('people', { of: 'tracks', model: embedder }));
const failing = (code: string, ...words: string[]) => ({
  asymmetricMatch: (error: { code: string; message: string }) =>
    error.code === code && words.every((word) => error.message.includes(word)),
});

describe('settings of modules', () => {
  test('the call wins over the environment, that over the rest of the file, key by key, and explain shows which', async () => {
    const path = configured(
      {
        modules: { one: { stride: 2, onError: 'skip', timeoutMs: 50 }, faces: { stride: 3, maxBatch: 4 } },
        environments: { production: { modules: { one: { stride: 5, timeoutMs: 70 }, faces: { workers: 1 } } } },
      },
      'production',
    );
    const description = pipeline(video(clip))
      .use(faces())
      .use(analyzer({ name: 'one', timeoutMs: 90, analyze }));
    const { modules, warnings } = await description.explain();
    const [detector, one] = modules;
    expect(one).toMatchObject({
      where: { value: 'main thread', from: 'default' },
      stride: { value: 5, from: `${path} (production)` },
      onError: { value: 'skip', from: path },
    });
    expect(detector).toMatchObject({
      stride: { value: 3, from: path },
      maxBatch: { value: 4, from: path },
      workers: { value: 1, from: `${path} (production)` },
      onError: { value: 'fail', from: 'default' },
    });
    expect(warnings).toEqual([]);
    const run = await description.start();
    expect(runs.spec.modules.map(({ policy }) => policy)).toEqual([
      { stride: 3, maxBatch: 4, workers: 1 },
      { stride: 5, onError: 'skip', timeoutMs: 90 },
    ]);
    await run.close();
  });

  test('may be options of the pipeline, which win over files', async () => {
    configured({ modules: { faces: { stride: 3 } } });
    const { modules } = await pipeline(video(clip))
      .use(faces())
      .options({ modules: { faces: { stride: 2 } } })
      .explain();
    expect(modules[0]!.stride).toEqual({ value: 2, from: 'options' });
    expect(() => pipeline().options({ modules: { faces: { stride: 0 } } })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('modules.faces.stride') }),
    );
  });

  test('of modules that are not there are left alone, and explained', async () => {
    const path = configured({ modules: { smile: { isolation: 'process' } } });
    const explanation = await pipeline(video(clip)).use(faces()).explain();
    const warning = `${path} names module 'smile', which this pipeline does not have`;
    expect(explanation.warnings).toEqual([warning]);
    expect(explanationText(explanation)).toContain(`warnings:\n  ${warning}\n`);
    await (await pipeline(video(clip)).use(faces()).start()).close();
  });

  test.each([
    ['faces', { isolation: 'process' }, "received 'isolation'"],
    ['tracks', { stride: 2 }, "Expected one of the options onError, enabled for modules.tracks but received 'stride'"],
    ['people', { retry: 1 }, "received 'retry'"],
    ['looks', { onError: 'fallback', fallback: 'x' }, 'modules.looks.onError'],
    ['faces', { onError: 'fallback' }, 'the name of a module'],
    ['here', { isolation: 'process' }, "'inline' of an analyzer that is no file"],
    ['here', { workers: 2 }, "received 'workers'"],
  ])('that a module does not have are refused: %s %j', async (name, settings, why) => {
    const path = configured({ modules: { [name]: settings } });
    const start = people()
      .use(classify('looks', { of: 'faces', model }))
      .use(analyzer({ name: 'here', analyze }))
      .start();
    await expect(start).rejects.toEqual(failing('CONFIG_INVALID', path, `module '${name}'`, why));
  });

  test.each([
    [{ modules: { a: { isolation: 'container' } } }, 'modules.a.isolation'],
    [{ modules: { a: { speed: 1 } } }, "modules.a but received 'speed'"],
    [{ modules: { a: true } }, 'Expected an object for modules.a'],
    [{ modules: [] }, 'Expected an object for modules'],
    [{ environments: { x: { modules: { a: { stride: 0 } } } } }, 'environments.x.modules.a.stride'],
  ])('that no module has cannot be used: %j', async (content, why) => {
    configured(content);
    await expect(people().explain()).rejects.toEqual(failing('CONFIG_INVALID', why));
  });
});

describe('files', () => {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('are known by the name that is written in them, or by their own', async () => {
    const written = file('a-file.mjs', "export const x = { name: 'written', analyze: () => 1 };");
    const computed = file('computed.mjs', "const name = 'computed'; export const x = { name, analyze: () => 1 };");
    const path = configured({ modules: { written: { stride: 2 }, computed: { stride: 3 } } });
    const { modules } = await pipeline(video(clip)).use(analyzer(written)).use(analyzer(computed)).explain();
    expect(modules.map(({ name, stride }) => [name, stride])).toEqual([
      ['written', { value: 2, from: path }],
      ['computed', { value: 3, from: path }],
    ]);
  });

  test('whose name turns out to be another than the configuration took it for are refused', async () => {
    const other = file('other.mjs', "const name = 'real'; export const x = { name, analyze: () => 1 };");
    for (const name of ['other', 'real']) {
      configured({ modules: { [name]: { stride: 2 } } });
      const start = pipeline(video(clip)).use(analyzer(other)).start();
      await expect(start).rejects.toEqual(failing('CONFIG_INVALID', `names module '${name}'`, "the name 'real'"));
    }
    const path = configured({ modules: { real: { stride: 2 } } });
    const { modules } = await pipeline(video(clip))
      .use(analyzer(other, { name: 'real' }))
      .explain();
    expect(modules[0]!.stride).toEqual({ value: 2, from: path });
  });

  test('are found from the root that is configured', async () => {
    file('rooted.mjs', "export const x = { name: 'rooted', analyze: () => 1 };");
    configured({ modules: { rooted: { root: folder } } });
    const { modules } = await pipeline(video(clip)).use(analyzer('rooted.mjs')).explain();
    expect(modules[0]!.name).toBe('rooted');
  });

  test('of Python are placed in Python', async () => {
    const python = file('looks.py', '@analyzer(\n  depends=["a"], name="seen",\n)\ndef other(frame, deps): ...\n');
    configured({ modules: { seen: { isolation: 'thread' } } });
    await expect(pipeline(video(clip)).use(analyzer(python)).start()).rejects.toEqual(
      failing('CONFIG_INVALID', "module 'seen'", '{ python } of a Python file'),
    );
  });

  test('is not blamed for options of the call', async () => {
    file('looks.py', '@analyzer\ndef seen(frame, deps): ...\n');
    file('package.json', '{ "name": "here", "framepath": { "analyzers": { "looks.seen": "./looks.py" } } }');
    configured({ modules: { seen: { stride: 2 } } });
    const run = pipeline(video(clip)).use(analyzer('looks.seen', { name: 'seen', root: folder, isolation: 'thread' }));
    await expect(run.start()).rejects.toEqual(failing('INVALID_ARGUMENT', '{ python } of a Python file'));
  });
});

describe('a disabled module', () => {
  const off = (...names: string[]) => ({
    modules: Object.fromEntries(names.map((name) => [name, { enabled: false }])),
  });

  test('returns no value: dependents get undefined, frames and results have no value', async () => {
    configured(off('one'));
    const seen: unknown[] = [];
    const results = join(folder, 'results.jsonl');
    const one = analyzer({ name: 'one', analyze });
    const two = analyzer({ name: 'two', depends: [one], analyze: (_, deps) => seen.push([deps, 'one' in deps]) });
    const run = await pipeline(video(clip)).use(one).use(two).results(results).start();
    for await (const frame of run) expect(frame.one).toBeUndefined();
    expect(seen).toEqual(Array.from({ length: 4 }, () => [{ one: undefined }, true]));
    expect(runs.spec.modules).toMatchObject([{ name: 'two', depends: [] }]);
    expect(JSON.parse(readFileSync(results, 'utf8').split('\n')[0]!)).toMatchObject({ two: 1, one: null });
  });

  test('disables modules that need its boxes, and explain shows why', async () => {
    const path = configured(off('faces'));
    const crowd = analyzer({ name: 'crowd', depends: ['people', 'faces'], analyze });
    const chips = analyzer({ name: 'chips', input: { width: 8, crop: 'tracks' }, analyze });
    const moves = analyzer({ name: 'moves', input: { width: 8, of: 'tracks', window: 2 }, analyze });
    const explanation = await people().use(crowd).use(chips).use(moves).explain();
    expect(explanation.modules.map(({ name, depends }) => [name, depends])).toEqual([['crowd', []]]);
    expect(explanation.disabled).toEqual([
      { name: 'faces', why: path },
      { name: 'tracks', why: "it needs the boxes of 'faces'" },
      { name: 'people', why: "it needs the boxes of 'tracks'" },
      { name: 'chips', why: "it needs the boxes of 'tracks'" },
      { name: 'moves', why: "it needs the boxes of 'tracks'" },
    ]);
    expect(explanationText(explanation)).toContain(`faces: disabled (${path})`);
  });

  test('is not loaded', async () => {
    configured(off('gone'));
    const run = await pipeline(video(clip)).use(analyzer('./gone.mjs')).use(faces()).start();
    expect(runs.spec.modules.map(({ name }) => name)).toEqual(['faces']);
    await run.close();
  });

  test('is no fallback', async () => {
    configured(off('faces'));
    const shaky = analyzer({ name: 'shaky', onError: 'fallback', fallback: 'faces', analyze: () => JSON.parse('{') });
    const run = await pipeline(video(clip)).use(faces()).use(shaky).start();
    expect(runs.spec.modules[0]!.policy).toEqual({ onError: 'skip' });
    for await (const frame of run) expect(frame.shaky).toBeUndefined();
  });

  test('is followed and drawn by no layout', async () => {
    configured(off('people'));
    const draw = { boxes: 'people' as const, time: true };
    const tiles = { left: follow('people', { source: 0, fit: 'contain' }), right: follow('people', { source: 0 }) };
    const description = people()
      .compose(split({ ...tiles, draw }))
      .encode(join(folder, 'out.mp4'));
    expect((await description.explain()).compositions).toMatchObject([{ layout: 'split', reads: [] }]);
    const run = await description.start();
    const { layout } = runs.spec.compositions![0]!;
    expect(layout.tiles.map(({ source, fit, follow: whom }) => [source, fit, whom])).toEqual([
      [0, 'contain', undefined],
      [0, undefined, undefined],
    ]);
    expect(JSON.parse(JSON.stringify(layout)).draw).toEqual({ time: true });
    await run.close();
  });

  test('that the layout hides people by is refused: no person would be hidden', async () => {
    const path = configured(off('faces'));
    const start = people()
      .compose(split({ left: 0, right: 0, redact: { of: 'faces' } }))
      .encode(join(folder, 'out.mp4'))
      .start();
    const error = await start.catch((e) => e);
    expect(error).toEqual(failing('CONFIG_INVALID', "hides what 'faces' finds"));
    expect(error.hint).toContain(path);
  });
});
