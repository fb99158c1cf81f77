/** Models that a test makes: what they find is known. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../../packages/models/src/graph-builder.js';
import { setMetadata, writeModel } from '../../packages/models/src/onnx-proto.js';

/** Of the pictures that `finds` looks at. */
export const side = 64;

export function save(folder: string, name: string, builder: GraphBuilder, metadata: Record<string, string>): string {
  const model = builder.build('a test');
  for (const [key, value] of Object.entries(metadata)) setMetadata(model, `framepath.${key}`, value);
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, writeModel(model));
  return path;
}

/** Rows of x1, y1, x2, y2, score, class and what follows, whatever the picture shows. */
export function finds(folder: string, name: string, rows: number[][]): string {
  const builder = new GraphBuilder(name);
  const input = builder.input('images', [1, 3, side, side]);
  const nothing = builder.node('Mul', [
    builder.node('GlobalAveragePool', [input]),
    builder.constant('zero', [1, 3, 1, 1], [0, 0, 0]),
  ]);
  const none = builder.node('Reshape', [builder.node('ReduceMean', [nothing]), builder.integers([1, 1, 1])]);
  const constant = builder.constant('rows', [1, rows.length, rows[0]!.length], rows.flat());
  builder.node('Add', [constant, none], {}, 'output0');
  builder.output('output0', [1, rows.length, rows[0]!.length]);
  return save(folder, name, builder, { head: 'yolo-end2end', scale: '1', pad: '0' });
}

/** Classes dark and bright of a crop's mean: 0.1 to 0.9 and back. */
export function brightness(folder: string): string {
  const builder = new GraphBuilder('brightness');
  const mean = builder.node('GlobalAveragePool', [builder.input('crops', ['N', 3, 8, 8])]);
  const channels = builder.node('Reshape', [mean, builder.integers([-1, 3])]);
  const bright = [1, 1, 1].flatMap((channel) => [-channel / 3, channel / 3]);
  const weighed = builder.node('MatMul', [channels, builder.constant('weights', [3, 2], bright)]);
  builder.node('Add', [weighed, builder.constant('dark', [1, 2], [1, 0])], {}, 'probabilities');
  builder.output('probabilities', ['N', 2]);
  return save(folder, 'brightness', builder, { head: 'classification', scale: String(1 / 255) });
}
/** Three numbers of a picture: the mean of each channel. `metadata` is all metadata of the file. */
export function means(folder: string, name: string, metadata: Record<string, string> = {}): string {
  const builder = new GraphBuilder(name);
  const mean = builder.node('GlobalAveragePool', [builder.input('crops', ['N', 3, 112, 112])]);
  builder.node('Reshape', [mean, builder.integers([-1, 3])], {}, 'means');
  builder.output('means', ['N', 3]);
  return save(folder, name, builder, metadata);
}
