/** The pictures that a converted network takes. */
import type { NhwcGraph } from './nhwc-graph.js';
import { type ConvertOptions, cannotConvert } from './options.js';

/** An input of the file: NHWC where it is a picture. */
export interface PictureInput {
  name: string;
  shape: readonly number[];
}

/** Writes the input in the wanted layout. Returns the value that the network reads, NHWC. */
export function writePictureInput(
  graph: NhwcGraph,
  { name, shape }: PictureInput,
  layout: ConvertOptions['layout'],
  batch: number | 'free',
): string {
  if (shape.length === 0) throw cannotConvert(`The input "${name}" has no shape`);
  const [first, height, width, channels] = [batch === 'free' ? 'N' : batch, ...shape.slice(1).map(size)];
  if (shape.length !== 4 || layout === 'nhwc') return graph.input(name, [first, ...shape.slice(1).map(size)]);
  return graph.nhwc(graph.input(name, [first, channels, height, width]));
}

/** Dimensions of any size are -1 in TensorFlow's files. */
const size = (dim: number, i: number): number | string => (dim > 0 ? dim : `D${i + 1}`);
