/** The elements of a tensor in another order of its dimensions. */

type Elements = Uint8Array | Float32Array | Int32Array;

export const volume = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/** @param order which dimension of the tensor each dimension of the result is, as `perm` of ONNX's Transpose */
export function transposed<T extends Elements>(data: T, dims: readonly number[], order: readonly number[]): T {
  const result = data.slice() as T;
  const steps = order.map((axis) => volume(dims.slice(axis + 1)));
  const sizes = order.map((axis) => dims[axis]);
  const position = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
  return result;
}
