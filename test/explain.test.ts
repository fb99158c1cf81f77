// What a pipeline says about itself before it runs, and how that is drawn.
import { afterAll, describe, expect, test } from 'vitest';
import { dotOf } from '../src/explain/dot.js';
import { type Drawing, drawingOf } from '../src/explain/drawing.js';
import { place } from '../src/explain/layers.js';
import { svgOf } from '../src/explain/svg.js';
import { analyzer, classify, detect, follow, identify, pipeline, split, track, video } from '../src/index.js';
import { scratch, tinyDetector, tinyEmbedder, watchRuns } from './tiny.js';

const folder = scratch('explain');
const model = tinyDetector(folder);
const embedder = tinyEmbedder(folder);
const runs = watchRuns();
afterAll(() => runs.stop());

const people = () =>
  pipeline(video('left.mp4'), video('right.mp4'), video('third.mp4'))
    .use(identify('people', { of: 'tracks', model: embedder, maxBatch: 4 }))
    .use(track('tracks', { of: 'faces' }))
    .use(detect('faces', model, { stride: 3, onError: 'skip' }))
    .use(analyzer({ name: 'crowd', depends: ['people'], analyze: () => true }))
    .compose(split({ left: follow('people', { source: 0 }), right: follow('people', { source: 1 }) }))
    .encode('out.mp4');

describe('explain', () => {
  test('modules come after what they depend on, with what decided each', async () => {
    const { device, modules, composition, output } = await people().options({ device: 'cpu' }).explain();
    expect(device).toEqual({ value: 'cpu', from: 'options' });
    expect(modules.map(({ name }) => name)).toEqual(['faces', 'tracks', 'people', 'crowd']);
    const [faces, tracks, identities, crowd] = modules;
    expect(faces).toMatchObject({
      pixels: true,
      stateful: false,
      where: { value: 'cpu', from: 'options' },
      maxBatch: { value: 1, from: 'on the CPU' },
      stride: { value: 3, from: 'call' },
      onError: { value: 'skip', from: 'call' },
    });
    expect(tracks).toMatchObject({ stateful: true, pixels: false, where: { value: 'cpu', from: 'has no model' } });
    expect(identities).toMatchObject({ maxBatch: { value: 4, from: 'call' }, workers: { value: 1, from: 'default' } });
    expect(crowd).toMatchObject({ kind: 'js', where: { value: 'main thread', from: 'default' } });
    expect(composition).toEqual({ layout: 'split', reads: ['people'] });
    expect(output).toMatch(/out\.mp4$/);
    expect(runs.specs).toEqual([]);
  });

  test('classes of boxes are kept in order where the boxes are tracked, or carried', async () => {
    const detector = (stride: number) =>
      pipeline(video('a.mp4'))
        .use(detect('faces', model, { stride }))
        .use(track('tracks', { of: 'faces' }))
        .use(classify('looks', { of: 'faces', model, workers: 1 }))
        .use(classify('moods', { of: 'tracks', model }));
    const said = async (stride: number) => (await detector(stride).explain()).modules;
    const at = (modules: { name: string }[], name: string) => modules.find((module) => module.name === name);
    expect(at(await said(1), 'looks')).toMatchObject({ stateful: false, workers: { value: 1, from: 'call' } });
    expect(at(await said(2), 'looks')).toMatchObject({ stateful: true });
    expect(at(await said(1), 'moods')).toMatchObject({ stateful: true, workers: { value: 1, from: 'default' } });
  });

  test('a graph that does not fit is refused as at start', async () => {
    const wrong = pipeline(video('a.mp4')).use(track('tracks', { of: 'faces' }));
    await expect((wrong as unknown as ReturnType<typeof people>).explain()).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
    });
  });

  test('identities without looks open no model: this one has no embedding', async () => {
    const description = pipeline(video('a.mp4'))
      .use(detect('faces', model))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model, reid: 'off' }));
    const { modules } = await description.explain();
    expect(modules[2]).toMatchObject({ pixels: false, where: { from: 'has no model' } });
    expect(modules[2]!.model).toBeUndefined();
  });
});

/** Boxes in a random order of dependencies; the same on every run. */
function randomDrawing(seed: number): Drawing {
  let state = seed + 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const boxes = Array.from({ length: 2 + random(14) }, (_, i) => ({
    id: `b${i}`,
    kind: 'module' as const,
    title: `box ${'x'.repeat(random(40))}`,
    lines: Array.from({ length: random(4) }, () => 'y'.repeat(random(30))),
  }));
  const arrows = boxes.slice(1).flatMap((box, i) =>
    [...new Set(Array.from({ length: 1 + random(3) }, () => random(i + 1)))].map((from) => ({
      from: `b${from}`,
      to: box.id,
      pixels: random(2) === 0,
    })),
  );
  return { boxes, arrows };
}

describe('drawings', () => {
  test('boxes of a column keep their distance, arrows go to the right and pass between boxes', () => {
    for (let seed = 0; seed < 200; seed++) {
      const drawing = randomDrawing(seed);
      const height = (box: { lines: string[] }) => 20 + 10 * box.lines.length;
      const { boxes, passages, columns, height: all } = place(drawing, height, 10);
      const at = drawing.boxes.map((box) => ({ ...boxes.get(box.id)!, height: height(box) }));
      const through = drawing.arrows.flatMap(({ from }, i) =>
        passages[i]!.map((y, k) => ({ column: boxes.get(from)!.column + 1 + k, y, height: 0 })),
      );
      const things = [...at, ...through];
      for (const [i, a] of things.entries()) {
        expect(a.column).toBeLessThan(columns);
        expect(a.y - a.height / 2).toBeGreaterThanOrEqual(-1);
        expect(a.y + a.height / 2).toBeLessThanOrEqual(all);
        for (const b of things.slice(i + 1))
          if (a.column === b.column)
            // a pixel is lost by rounding
            expect(Math.abs(a.y - b.y), `seed ${seed}`).toBeGreaterThanOrEqual((a.height + b.height) / 2 + 9);
      }
      for (const [i, { from, to }] of drawing.arrows.entries())
        expect(boxes.get(to)!.column - boxes.get(from)!.column).toBe(passages[i]!.length + 1);
    }
  });

  test('every box and arrow is in the SVG, and text is escaped', () => {
    const drawing = randomDrawing(3);
    drawing.boxes[0]!.title = '<a> & "b"';
    const svg = svgOf(drawing);
    expect(svg.match(/<rect x=/g)).toHaveLength(drawing.boxes.length);
    expect(svg.match(/marker-end/g)).toHaveLength(drawing.arrows.length);
    expect(svg).toContain('&lt;a&gt; &amp; &quot;b&quot;');
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(dotOf(drawing)).toContain('label="<a> & \\"b\\"');
  });

  test('sources are one box, drawn by name; a run without modules is drawn too', async () => {
    const { boxes, arrows } = drawingOf(await pipeline(video('a/left.mp4')).encode('b/out.mp4').explain());
    expect(boxes.map(({ title, lines }) => [title, ...lines])).toEqual([
      ['source', '0: left.mp4'],
      ['composition', 'custom'],
      ['output', 'out.mp4'],
    ]);
    expect(arrows.every(({ pixels }) => pixels)).toBe(true);
    expect(drawingOf(await pipeline().use(detect('faces', model)).explain()).boxes[0]!.title).toBe('sources');
  });
});
