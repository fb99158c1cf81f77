/** The smallest real inputs: a clip, models whose results are known, and a look at what the addon is given. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '../packages/models/src/graph-builder.js';
import { DataType, setMetadata, writeModel } from '../packages/models/src/onnx-proto.js';
import { loadAddon } from '../src/addon.js';
import type { PipelineSpec } from '../src/generated/specs.js';
import { frames, type Source } from '../src/index.js';

/** A folder of the test's own. */
export const scratch = (name: string): string => mkdtempSync(join(tmpdir(), `framepath-${name}-`));

export const side = 64;

/** Pictures of 64x64 in one colour, without audio; its codec is the usual one of the path's container. */
export function tinyClip(path: string, { frames = 10, fps = 25, color = 'gray' } = {}): string {
  const source = ['-f', 'lavfi', '-i', `color=${color}:size=${side}x${side}:rate=${fps}`];
  const encoding = ['-frames:v', String(frames), '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-threads', '1'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, ...encoding, path]);
  return path;
}

/** `count` gray pictures of 64x64, pushed: a source that needs no file. From `whiteFrom` on they are white. */
export const pushed = (count: number, { fps = 25, whiteFrom = Infinity, id }: Pushed = {}): Source =>
  frames(
    Array.from({ length: count }, (_, i) => new Uint8Array(side * side).fill(i < whiteFrom ? 128 : 255)),
    { width: side, height: side, format: 'gray8', fps, ...(id !== undefined && { id }) },
  );
interface Pushed {
  fps?: number;
  whiteFrom?: number;
  id?: string;
}

function save(path: string, builder: GraphBuilder, metadata: Record<string, string>): string {
  const model = builder.build('a test');
  for (const [key, value] of Object.entries(metadata)) setMetadata(model, `framepath.${key}`, value);
  writeFileSync(path, writeModel(model));
  return path;
}

/** Where {@link tinyDetector} finds something: two boxes in pixels of a tiny clip. */
export const boxes = [
  [4, 5, 24, 25],
  [36, 5, 56, 25],
] as const;

/** Finds {@link boxes} in every picture, with scores of 0.9 and 0.8. One that `fails` cannot look at a white picture. */
export function tinyDetector(folder: string, fails = false): string {
  const builder = new GraphBuilder('detector');
  const mean = builder.node('ReduceMean', [builder.input('images', [1, 3, side, side])], { keepdims: 0 });
  const whiteness = builder.node('Floor', [builder.node('Div', [mean, builder.constant('white', [], [255])])]);
  const none = fails
    ? builder.node('Gather', [
        builder.constant('only', [1], [0]),
        builder.node('Cast', [whiteness], { to: DataType.int64 }), // of white 1: out of bounds
      ])
    : builder.node('Mul', [whiteness, builder.constant('zero', [], [0])]);
  const rows = boxes.map((box, i) => [...box, 0.9 - i / 10, 0]);
  builder.node('Add', [builder.constant('rows', [1, rows.length, 6], rows.flat()), none], {}, 'output0');
  builder.output('output0', [1, rows.length, 6]);
  return save(join(folder, fails ? 'fails.onnx' : 'detector.onnx'), builder, {
    head: 'yolo-end2end',
    scale: '1',
    pad: '0',
  });
}

/** The embedding of a crop is its mean colour, in three of 16 numbers. */
export function tinyEmbedder(folder: string): string {
  const builder = new GraphBuilder('embedder');
  const mean = builder.node('GlobalAveragePool', [builder.input('crops', ['N', 3, 16, 16])]);
  const channels = builder.node('Reshape', [mean, builder.integers([-1, 3])]);
  const places = Array.from({ length: 3 * 16 }, (_, i) => (Math.floor(i / 16) === i % 16 ? 1 : 0));
  builder.node('MatMul', [channels, builder.constant('places', [3, 16], places)], {}, 'embedding');
  builder.output('embedding', ['N', 16]);
  const facts = { head: 'embedding', scale: String(1 / 255), align: 'none', metric: 'l2', threshold: '0.1' };
  return save(join(folder, 'embedder.onnx'), builder, facts);
}

/**
 * What the addon is given for each run that is constructed, from now on; the runs themselves are the addon's own.
 * The addon is loaded once a process: `stop` before another file's tests.
 */
export function watchRuns(): { readonly specs: PipelineSpec[]; readonly spec: PipelineSpec; stop(): void } {
  const addon = loadAddon() as { Run: ReturnType<typeof loadAddon>['Run'] };
  const Real = addon.Run;
  const specs: PipelineSpec[] = [];
  addon.Run = function Run(...args: ConstructorParameters<typeof Real>) {
    specs.push(JSON.parse(args[0]) as PipelineSpec);
    return new Real(...args);
  } as unknown as typeof Real;
  return {
    specs,
    get spec() {
      return specs.at(-1)!;
    },
    stop: () => {
      addon.Run = Real;
    },
  };
}
