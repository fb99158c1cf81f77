/** Lines of results are the frames: one form, whatever the modules and heads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, classify, detect, frames, identify, type Pipeline, pipeline, raw, track } from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import { brightness, finds, means, side } from './made-models.js';

const size = { width: side, height: side, format: 'gray8' as const, fps: 25 };
let folder: string;

beforeAll(() => {
  folder = folderFor('lines');
});

/** The same numbers on every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

async function* film(count: number) {
  for (let i = 0; i < count; i++) yield { data: new Uint8Array(side * side).fill(i * 20), timeMs: i * 40 };
}

/** Frames as their user had them, and the lines that were written. */
async function both(description: { results(path: string): unknown }, name: string) {
  const path = join(folder, `${name}.jsonl`);
  const run = await (description.results(path) as Pipeline).start();
  const seen: { json: Record<string, unknown>; frame: Record<string, unknown> }[] = [];
  for await (const frame of run) {
    const record = frame as unknown as Record<string, unknown>;
    const names = Object.keys(frame.toJSON()).filter((key) => !['source', 'index', 'timeMs'].includes(key));
    seen.push({ json: frame.toJSON(), frame: Object.fromEntries(names.map((key) => [key, record[key]])) });
  }
  await run.close();
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return { seen, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe.skipIf(!complete)('a line of results', () => {
  test.each([1, 2, 3])('is what frame.toJSON() gives, of every kind of module (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    const rows = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
      const [x, y] = [random() * 30, random() * 30];
      const box = [x, y, x + 10 + random() * 20, y + 10 + random() * 20];
      const points = Array.from({ length: 2 }, () => [random() * side, random() * side, random()]).flat();
      return [...box, 0.6 + random() * 0.4, Math.floor(random() * 2), ...points];
    });
    const values = [null, true, 0, -1.5, 'text', [], [1, [2]], {}, { a: { b: null } }];
    const description = pipeline(frames(film(6), size))
      .use(detect('things', finds(folder, `things${seed}`, rows), { labels: ['zero'] }))
      .use(track('tracks', { of: 'things' }))
      .use(identify('people', { of: 'tracks', model: 'face-recognition', reid: 'off' }))
      .use(classify('scene', brightness(folder), { topK: 2 }))
      .use(classify('light', { of: 'tracks', model: brightness(folder), minSize: 1 + Math.floor(random() * 20) }))
      .use(raw('tensor', means(folder, 'means')))
      .use(analyzer({ name: 'value', analyze: ({ index }) => values[(index + seed) % values.length] }))
      .use(analyzer({ name: 'nothing', analyze: () => undefined }));
    const { seen, lines } = await both(description, `seed${seed}`);
    expect(seen).toHaveLength(6);
    expect(lines.slice(0, -1)).toStrictEqual(seen.map(({ json }) => json));
    for (const { json, frame } of seen) {
      // Nothing is rounded or left out on the way; a value that is not there is null, a tensor's numbers are a list.
      for (const name of ['things', 'tracks', 'people', 'scene', 'light'])
        expect(json[name]).toStrictEqual(frame[name]);
      expect(json.nothing).toBeNull();
      expect((json.tensor as { data: number[] }[])[0]!.data).toHaveLength(3);
    }
    const things = seen.flatMap(({ json }) => json.things as { class: number; label?: string }[]);
    expect(things.every((thing) => typeof thing.class === 'number')).toBe(true);
    for (const thing of things) expect(thing.label).toBe(thing.class === 0 ? 'zero' : undefined);
    for (const { json } of seen) {
      expect(json.tracks).toHaveLength(rows.length);
      expect(json.people).toHaveLength(rows.length);
    }
  });

  test('has numbers as short as their floats are', async () => {
    const model = finds(folder, 'short', [[0.1, 0.2, 60.3, 60.4, 0.8, 0]]);
    const { lines } = await both(pipeline(frames(film(1), size)).use(detect('things', model)), 'short');
    expect(lines[0]!.things).toEqual([{ box: [0.1, 0.2, 60.3, 60.4], score: 0.8, class: 0 }]);
  });

  test('whose value is no JSON names the module', async () => {
    const odd = analyzer({ name: 'odd', analyze: () => 10n });
    const run = await pipeline(frames(film(3), size))
      .use(odd)
      .results(join(folder, 'odd.jsonl'))
      .start();
    await expect(run.done).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      module: 'odd',
      message: expect.stringContaining("the value of module 'odd' for frame 0 of source 0"),
    });
    await run.close();
  });
});

describe.skipIf(!complete)('a single picture', () => {
  const picture = { data: new Uint8Array(side * side), width: side, height: side, format: 'gray8' as const };

  test('is refused where a module needs the order of frames, by name', async () => {
    const run = await pipeline()
      .use(detect('things', finds(folder, 'one', [[4, 4, 30, 30, 0.9, 0]])))
      .use(track('tracks', { of: 'things' }))
      .use(analyzer({ name: 'counts', depends: ['tracks'], analyze: () => 1 }))
      .start();
    const refused = await run.submit(picture).catch((error) => error);
    expect(refused).toMatchObject({ code: 'GRAPH_INVALID', module: 'tracks' });
    expect(refused.message).toMatch(/"tracks", "counts"/);
    expect(refused.hint).toContain('stateless');
    await run.close();
  });

  test('has every value of a graph without such modules', async () => {
    const run = await pipeline()
      .use(detect('things', finds(folder, 'one', [[4, 4, 30, 30, 0.9, 0]])))
      .use(analyzer({ name: 'counts', stateless: true, depends: ['things'], analyze: () => 1 }))
      .start();
    const frame = await run.submit(picture);
    expect([frame.things.length, frame.counts]).toEqual([1, 1]);
    await run.close();
  });
});
