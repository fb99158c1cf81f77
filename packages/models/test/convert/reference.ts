// Layers of convolutional networks, written down as they are defined: what converted models are compared with.

/** NHWC, or any other shape. */
export interface Values {
  dims: number[];
  data: Float32Array;
}

const volume = (dims: number[]) => dims.reduce((product, size) => product * size, 1);

/** The same numbers on every run. */
export function randomValues(dims: number[], seed = 1, low = -1, high = 1): Values {
  let state = seed * 7919;
  const data = Float32Array.from({ length: volume(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + (high - low) * (state / 2 ** 32);
  });
  return { dims, data };
}

/** A value for every place of a result. */
function build(dims: number[], at: (place: number[]) => number): Values {
  const data = new Float32Array(volume(dims));
  const place = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = at(place);
    for (let axis = dims.length - 1; axis >= 0 && ++place[axis] === dims[axis]; axis--) place[axis] = 0;
  }
  return { dims, data };
}

export function read({ dims, data }: Values, place: number[]): number {
  let index = 0;
  for (const [axis, size] of dims.entries()) {
    if (place[axis] < 0 || place[axis] >= size) return 0;
    index = index * size + place[axis];
  }
  return data[index];
}

/** Outputs along one side, and zeros before it. */
function span(size: number, kernel: number, stride: number, dilation: number, same: boolean): [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  if (!same) return [Math.floor((size - reach) / stride) + 1, 0];
  const outputs = Math.ceil(size / stride);
  return [outputs, Math.floor(Math.max(0, (outputs - 1) * stride + reach - size) / 2)];
}

export interface Moves {
  stride?: number;
  dilation?: number;
  same?: boolean;
}

/** @param filters [height, width, inputs, outputs] */
export function convolution(x: Values, filters: Values, bias: Values, moves: Moves = {}): Values {
  const { stride = 1, dilation = 1, same = true } = moves;
  const [n, height, width] = x.dims;
  const [kh, kw, inputs, outputs] = filters.dims;
  const [rows, top] = span(height, kh, stride, dilation, same);
  const [columns, left] = span(width, kw, stride, dilation, same);
  return build([n, rows, columns, outputs], ([i, row, column, o]) => {
    let sum = bias.data[o];
    for (let y = 0; y < kh; y++)
      for (let z = 0; z < kw; z++)
        for (let c = 0; c < inputs; c++)
          sum +=
            read(x, [i, row * stride - top + y * dilation, column * stride - left + z * dilation, c]) *
            read(filters, [y, z, c, o]);
    return sum;
  });
}

/** @param filters [height, width, inputs, outputs of each input] */
export function depthwise(x: Values, filters: Values, bias: Values, moves: Moves = {}): Values {
  const [kh, kw, inputs, multiplier] = filters.dims;
  const dense = build([kh, kw, inputs, inputs * multiplier], ([y, z, c, o]) =>
    Math.floor(o / multiplier) === c ? read(filters, [y, z, c, o % multiplier]) : 0,
  );
  return convolution(x, dense, bias, moves);
}

export function pool(x: Values, kind: 'max' | 'mean', size: number, { stride = size, same = false }: Moves): Values {
  const [n, height, width, channels] = x.dims;
  const [rows, top] = span(height, size, stride, 1, same);
  const [columns, left] = span(width, size, stride, 1, same);
  return build([n, rows, columns, channels], ([i, row, column, c]) => {
    const inside: number[] = [];
    for (let y = row * stride - top; y < row * stride - top + size; y++)
      for (let z = column * stride - left; z < column * stride - left + size; z++)
        if (y >= 0 && z >= 0 && y < height && z < width) inside.push(read(x, [i, y, z, c]));
    return kind === 'max' ? Math.max(...inside) : inside.reduce((a, b) => a + b, 0) / inside.length;
  });
}

/** Bilinear: asymmetric (corner of a pixel = its place) or by pixel centres. */
export function resize(x: Values, rows: number, columns: number, halfPixel: boolean): Values {
  const [n, height, width, channels] = x.dims;
  const place = (at: number, from: number, to: number) => {
    const exact = halfPixel ? ((at + 0.5) * from) / to - 0.5 : (at * from) / to;
    return Math.min(Math.max(exact, 0), from - 1);
  };
  return build([n, rows, columns, channels], ([i, row, column, c]) => {
    const [y, z] = [place(row, height, rows), place(column, width, columns)];
    const at = (a: number, b: number) => read(x, [i, Math.min(a, height - 1), Math.min(b, width - 1), c]);
    const [top, left] = [Math.floor(y), Math.floor(z)];
    const across = (a: number) => at(a, left) + (at(a, left + 1) - at(a, left)) * (z - left);
    return across(top) + (across(top + 1) - across(top)) * (y - top);
  });
}

export const map = ({ dims, data }: Values, change: (value: number) => number): Values => ({
  dims,
  data: data.map(change),
});

/** Element by element; the second may be one value, or one a channel. */
export const zip = (a: Values, b: Values, join: (a: number, b: number) => number): Values => ({
  dims: a.dims,
  data: a.data.map((value, i) => join(value, b.data[i % b.data.length])),
});

export const relu = (x: Values): Values => map(x, (value) => Math.max(0, value));
export const relu6 = (x: Values): Values => map(x, (value) => Math.min(6, Math.max(0, value)));

/** Mean over positions: [batch, channels]. */
export function means(x: Values): Values {
  const [n, height, width, channels] = x.dims;
  return build([n, channels], ([i, c]) => {
    let sum = 0;
    for (let y = 0; y < height; y++) for (let z = 0; z < width; z++) sum += read(x, [i, y, z, c]);
    return sum / (height * width);
  });
}

/** [batch, inputs] x [inputs, outputs] + bias */
export const dense = (x: Values, weights: Values, bias: Values): Values =>
  build([x.dims[0], weights.dims[1]], ([i, o]) => {
    let sum = bias.data[o];
    for (let c = 0; c < weights.dims[0]; c++) sum += read(x, [i, c]) * read(weights, [c, o]);
    return sum;
  });

export function softmax(x: Values): Values {
  const [n, classes] = x.dims;
  return build([n, classes], ([i, c]) => {
    const row = Array.from({ length: classes }, (_, k) => Math.exp(read(x, [i, k])));
    return row[c] / row.reduce((a, b) => a + b, 0);
  });
}

/** Dimensions in another order. */
export const permuted = (x: Values, order: number[]): Values =>
  build(
    order.map((axis) => x.dims[axis]),
    (place) => {
      const source: number[] = [];
      for (const [i, axis] of order.entries()) source[axis] = place[i];
      return read(x, source);
    },
  );

export const joined = (a: Values, b: Values): Values =>
  build([...a.dims.slice(0, 3), a.dims[3] + b.dims[3]], ([i, y, z, c]) =>
    c < a.dims[3] ? read(a, [i, y, z, c]) : read(b, [i, y, z, c - a.dims[3]]),
  );

/** Zeros before and after each dimension. */
export const zeros = (x: Values, pads: number[]): Values =>
  build(
    x.dims.map((size, axis) => size + pads[2 * axis] + pads[2 * axis + 1]),
    (place) =>
      read(
        x,
        place.map((at, axis) => at - pads[2 * axis]),
      ),
  );
