// Explanations of pipelines before they run, and their drawings.
import { afterAll, describe, expect, test } from 'vitest';
import { dotOf } from '../src/explain/dot.js';
import { type Drawing, drawingOf } from '../src/explain/drawing.js';
import { mermaidOf } from '../src/explain/mermaid.js';
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
    const { device, modules, compositions } = await people().options({ device: 'cpu' }).explain();
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
    expect(compositions).toEqual([{ name: '0', layout: 'split', reads: ['people'], outputs: ['out.mp4'] }]);
    expect(runs.specs).toEqual([]);
  });

  test('classes of boxes are kept in order where the boxes are tracked, or carried', async () => {
    const detector = (stride: number) =>
      pipeline(video('a.mp4'))
        .use(detect('faces', model, { stride }))
        .use(track('tracks', { of: 'faces' }))
        .use(classify('looks', { of: 'faces', model, workers: 1 }))
        .use(classify('moods', { of: 'tracks', model }));
    const explained = async (stride: number) => (await detector(stride).explain()).modules;
    const at = (modules: { name: string }[], name: string) => modules.find((module) => module.name === name);
    expect(at(await explained(1), 'looks')).toMatchObject({ stateful: false, workers: { value: 1, from: 'call' } });
    expect(at(await explained(2), 'looks')).toMatchObject({ stateful: true });
    expect(at(await explained(1), 'moods')).toMatchObject({ stateful: true, workers: { value: 1, from: 'default' } });
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

describe('drawings', () => {
  test('have every box and arrow, in the languages of Graphviz and Mermaid, with their text escaped', () => {
    const drawing: Drawing = {
      boxes: [
        { id: 'sources', kind: 'source', title: '<a> & "b"', lines: ['#1'] },
        { id: 'module faces', kind: 'module', title: 'faces', lines: [] },
      ],
      arrows: [
        { from: 'sources', to: 'module faces', pixels: true },
        { from: 'module faces', to: 'sources', pixels: false },
      ],
    };
    expect(dotOf(drawing).split('\n').slice(3, -2)).toEqual([
      '  "sources" [label="<a> & \\"b\\"\\n#1", fillcolor="#e8f0fe"];',
      '  "module faces" [label="faces", fillcolor="#ffffff"];',
      '  "sources" -> "module faces" [penwidth=2];',
      '  "module faces" -> "sources" [style=dashed];',
    ]);
    expect(mermaidOf(drawing)).toBe(
      'flowchart LR\n  b0["#60;a#62; #38; #34;b#34;<br>#35;1"]\n  b1["faces"]\n  b0 ==> b1\n  b1 -.-> b0\n',
    );
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
