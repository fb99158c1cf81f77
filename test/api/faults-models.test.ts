/** Models and runtimes that do not fit: the error of start() states what was found, nothing half-started stays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../packages/models/src/graph-builder.js';
import { modelCodec } from '../../packages/models/src/onnx-proto.js';
import { classify, detect, identify, pipeline, raw, track, video } from '../../src/index.js';
import { complete, folderFor, patternClip, root } from './clips.js';
import { closed, codeOf } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('models');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 0.4 });
}, 60_000);

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A model whose output is its input, or what `graph` makes of it. */
function model(
  name: string,
  input: (number | string)[],
  graph: (builder: GraphBuilder, input: string) => string = (b, x) => b.node('Identity', [x]),
  output: (number | string)[] = input,
): string {
  const builder = new GraphBuilder(name);
  const made = graph(builder, builder.input('input', input));
  builder.output(builder.node('Identity', [made], {}, 'output'), output);
  return file(`${name}.onnx`, modelCodec.encode(builder.build('a test')));
}

const started = (module: Parameters<ReturnType<typeof pipeline>['use']>[0]) =>
  codeOf((pipeline(video(clip)).use(module) as ReturnType<typeof pipeline>).start());

describe.skipIf(!complete)('a model', () => {
  test.each([
    ['nothing', ''],
    ['text', 'not a model\n'.repeat(50)],
    ['zeros', new Uint8Array(4096)],
    ['noise', Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) >> 3)],
  ])('made of %s is no ONNX', async (name, content) => {
    expect(await started(detect('faces', file(`${name}.onnx`, content)))).toBe('MODEL_INVALID');
  });

  test('cut in the middle, or with bytes changed, is refused or runs', async () => {
    const whole = readFileSync(join(root, 'models/blazeface.onnx'));
    expect(await started(detect('faces', file('half.onnx', whole.subarray(0, whole.length >> 1))))).toBe(
      'MODEL_INVALID',
    );
    for (let seed = 1; seed <= 8; seed++) {
      const bytes = Uint8Array.from(whole);
      for (let i = 0; i < 40; i++) bytes[(seed * 104729 + i * 7919) % (seed % 2 ? bytes.length : 20_000)]! ^= 0x41;
      const starting = pipeline(video(clip))
        .use(detect('faces', file('changed.onnx', bytes)))
        .start();
      const run = await starting.catch((error) => {
        expect(error).toMatchObject({ name: 'FramepathError', code: expect.stringMatching(/^(MODEL|INFERENCE)_/) });
      });
      if (run) await closed(run);
    }
  });

  test('that is a folder, or not there', async () => {
    expect(await started(detect('faces', join(folder, 'none.onnx')))).toBe('MODEL_NOT_FOUND');
    expect(await started(detect('faces', folder))).toMatch(/^MODEL_(NOT_FOUND|INVALID)$/);
    expect(await started(detect('faces', 'nobody-knows-it'))).toBe('MODEL_NOT_FOUND');
  });

  test.each([
    ['rank 2', [1, 10]],
    ['five channels', [1, 5, 32, 32]],
    ['three dimensions', [3, 32, 32]],
    ['no dimensions', []],
    ['a huge picture', [1, 3, 100_000, 100_000]],
  ])('with an input of %s does not fit', async (name, dims) => {
    const path = model(name.replaceAll(' ', '-'), dims);
    expect(await started(raw('out', path))).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED|INVALID)$/);
    expect(await started(detect('faces', path))).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED|INVALID)$/);
  });

  test('with two inputs does not fit', async () => {
    const path = model('two', [1, 3, 16, 16], (b, x) => b.node('Add', [x, b.input('other', [1, 3, 16, 16])]));
    expect(await started(raw('out', path))).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED)$/);
  });

  test('with the outputs of something else does not fit its head', async () => {
    const path = model('picture', [1, 3, 32, 32]);
    for (const head of ['blazeface', 'yunet', 'yolo', 'yolox', 'yolo-end2end'])
      expect(await started(detect('faces', path, { head })), head).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED)$/);
  });

  test('with an unknown head lists the known ones', async () => {
    const path = model('plain', [1, 3, 32, 32]);
    const error = await pipeline(video(clip))
      .use(detect('faces', path, { head: 'crystal-ball' }))
      .start()
      .catch((e) => e);
    expect(error.code).toMatch(/^(INVALID_ARGUMENT|MODEL_SPEC_NEEDED|MODEL_UNSUPPORTED)$/);
    expect(`${error.message} ${error.hint}`).toContain('blazeface');
  });

  test('for the wrong module does not fit', async () => {
    const people = pipeline(video(clip))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model: 'blazeface' }));
    expect(await codeOf(people.start())).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED)$/);
    expect(await started(classify('kind', 'blazeface'))).toMatch(/^MODEL_(UNSUPPORTED|SPEC_NEEDED)$/);
  });

  test('that uses an operator nobody knows', async () => {
    const path = model('unknown', [1, 3, 32, 32], (b, x) => b.node('FlyToTheMoon', [x]));
    expect(await started(raw('out', path))).toMatch(/^MODEL_(INVALID|UNSUPPORTED)$/);
  });

  test('that fails while it runs is an error, or skipped where the policy is skip', async () => {
    // Reshapes to a size that the picture does not have: known only when it runs.
    const path = model('late', ['batch', 3, 'height', 'width'], (b, x) => b.node('Reshape', [x, b.integers([7, 11])]), [
      'a',
      'b',
    ]);
    const starting = pipeline(video(clip))
      .use(raw('out', path, { size: [32, 32] }))
      .start();
    const run = await starting.catch((error) => {
      expect(error.code).toMatch(/^(MODEL_UNSUPPORTED|INFERENCE_FAILED)$/);
    });
    if (!run) return;
    expect(await codeOf(run.done)).toBe('INFERENCE_FAILED');
    await closed(run);
  });

  test('that gives numbers that are none gives no boxes', async () => {
    const path = model(
      'nan',
      [1, 3, 32, 32],
      (b, x) => {
        const nan = b.node('Div', [b.node('Sub', [x, x]), b.node('Sub', [x, x])]);
        return b.node('Slice', [
          b.node('Reshape', [nan, b.integers([1, 6, 512])]),
          b.integers([0]),
          b.integers([5]),
          b.integers([1]),
        ]);
      },
      [1, 5, 512],
    );
    const run = await pipeline(video(clip))
      .use(detect('things', path, { head: 'yolo' }))
      .start();
    for await (const frame of run)
      for (const { box, score } of frame.things) expect([...box, score].every(Number.isFinite)).toBe(true);
    await closed(run);
  });
});

describe.skipIf(!complete)('a runtime', () => {
  test.each([
    ['that is not there', '/nonexistent/libonnxruntime.so', 'RUNTIME_MISSING'],
    ['that is not a library', import.meta.filename, 'RUNTIME_MISSING'],
    ['that is another library', 'libm.so.6', 'RUNTIME_UNUSABLE'],
  ])('%s', async (_, library, code) => {
    const started = pipeline(video(clip)).use(detect('faces', 'blazeface')).options({ runtime: { library } }).start();
    const error = await started.catch((e) => e);
    expect(error.code).toMatch(/^RUNTIME_(MISSING|UNUSABLE)$/);
    if (code === 'RUNTIME_MISSING') expect(error.message + error.hint).toMatch(/onnxruntime/);
  });

  test('that is missing does not matter where no model is used', async () => {
    const run = await pipeline(video(clip))
      .options({ runtime: { library: '/nonexistent' } })
      .start();
    await run.done;
    await closed(run);
  });
});
