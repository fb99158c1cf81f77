// TFLite files that the tests build, converted and run, against layers written down as they are defined.
import { describe, expect, test } from 'vitest';
import { FlatbufferError } from '../../src/convert/flatbuffer.js';
import type { ConvertOptions } from '../../src/convert/options.js';
import { convertTflite } from '../../src/convert/tflite.js';
import { exactHalves } from '../../src/half.js';
import { ModelError } from '../../src/model-error.js';
import { writeModel } from '../../src/onnx-proto.js';
import { type TestOperation, type TestTensor, tfliteFile } from './flatbuffer-writer.js';
import {
  convolution,
  dense,
  depthwise,
  joined,
  map,
  means,
  permuted,
  pool,
  randomValues,
  relu,
  relu6,
  resize,
  softmax,
  type Values,
  zeros,
  zip,
} from './reference.js';
import { expectClose, refusal, resultOf } from './run-onnx.js';

const picture = randomValues([2, 9, 7, 3], 1);
const filters = randomValues([3, 3, 3, 4], 2); // height, width, inputs, outputs
const bias = randomValues([4], 3);
const relu6Activation = 3;
const valid = 1;

const constant = (name: string, { dims, data }: Values): TestTensor => ({ name, shape: dims, data });
const integers = (name: string, values: number[]): TestTensor => ({
  name,
  shape: [values.length],
  type: 'int32',
  data: Int32Array.from(values),
});
const computed = (name: string, shape: number[]): TestTensor => ({ name, shape });

/** A network of one operation on the picture; the file declares a batch of 1. */
function one(
  op: string,
  result: number[],
  constants: TestTensor[] = [],
  options?: TestOperation['options'],
): Uint8Array {
  const [, ...size] = picture.dims;
  const tensors = [computed('picture', [1, ...size]), computed('result', [1, ...result.slice(1)]), ...constants];
  const inputs = [0, ...constants.map((_, i) => i + 2)];
  return tfliteFile(tensors, [{ op, inputs, outputs: [1], ...(options && { options }) }], [0], [1]);
}

const convert = (file: Uint8Array, options: ConvertOptions = {}) => convertTflite(file, 'test.tflite', options);

async function expectResult(file: Uint8Array, wanted: Values, tolerance?: number): Promise<void> {
  for (const layout of ['nchw', 'nhwc'] as const)
    expectClose(await resultOf(convert(file, { layout }), picture, layout), wanted, tolerance);
}

/** Filters as TFLite has them: outputs first. */
const outputsFirst = permuted(filters, [3, 0, 1, 2]);

describe('layers', () => {
  test('convolution: strides, zeros around an odd picture, bias, activation', async () => {
    const wanted = relu6(convolution(picture, filters, bias, { stride: 2 }));
    const options = { 0: ['uint8', 0], 1: ['int32', 2], 2: ['int32', 2], 3: ['uint8', relu6Activation] } as const;
    const file = one('CONV_2D', wanted.dims, [constant('filters', outputsFirst), constant('bias', bias)], {
      ...options,
    });
    await expectResult(file, wanted);
  });

  test('convolution with dilation, without zeros', async () => {
    const wanted = convolution(picture, filters, bias, { dilation: 2, same: false });
    const file = one('CONV_2D', wanted.dims, [constant('filters', outputsFirst), constant('bias', bias)], {
      0: ['uint8', valid],
      1: ['int32', 1],
      2: ['int32', 1],
      4: ['int32', 2],
      5: ['int32', 2],
    });
    await expectResult(file, wanted);
  });

  test('depthwise convolution with two outputs a channel', async () => {
    const each = randomValues([3, 3, 3, 2], 4);
    const six = randomValues([6], 5);
    const wanted = depthwise(picture, each, six, { stride: 2 });
    const flat = { dims: [1, 3, 3, 6], data: each.data };
    const file = one('DEPTHWISE_CONV_2D', wanted.dims, [constant('filters', flat), constant('bias', six)], {
      0: ['uint8', 0],
      1: ['int32', 2],
      2: ['int32', 2],
      3: ['int32', 2],
    });
    await expectResult(file, wanted);
  });

  test.each([
    ['MAX_POOL_2D', 'max'],
    ['AVERAGE_POOL_2D', 'mean'],
  ] as const)('%s leaves zeros around the picture out', async (op, kind) => {
    const wanted = pool(picture, kind, 3, { stride: 2, same: true });
    const options = { 0: ['uint8', 0], 1: ['int32', 2], 2: ['int32', 2], 3: ['int32', 3], 4: ['int32', 3] } as const;
    await expectResult(one(op, wanted.dims, [], options), wanted);
  });

  test.each([false, true])('bilinear resize, pixel centres %s', async (halfPixel) => {
    const wanted = resize(picture, 18, 11, halfPixel);
    const options = { 2: ['uint8', 0], 3: ['uint8', Number(halfPixel)] } as const;
    await expectResult(one('RESIZE_BILINEAR', wanted.dims, [integers('size', [18, 11])], options), wanted);
  });

  test('zeros around positions and channels', async () => {
    const pads = [0, 0, 1, 0, 2, 1, 0, 5];
    const table = { ...integers('pads', pads), shape: [4, 2] };
    const wanted = zeros(picture, pads);
    await expectResult(one('PAD', wanted.dims, [table]), wanted);
  });

  test.each([
    ['ADD', (a: number, b: number) => a + b],
    ['SUB', (a: number, b: number) => a - b],
    ['MUL', (a: number, b: number) => a * b],
    ['DIV', (a: number, b: number) => a / b],
    ['MAXIMUM', Math.max],
    ['MINIMUM', Math.min],
    ['PRELU', (a: number, b: number) => (a < 0 ? a * b : a)],
  ] as const)('%s with a number a channel', async (op, join) => {
    const channel = randomValues([1, 1, 3], 6, 0.5, 2);
    await expectResult(one(op, picture.dims, [constant('channel', channel)]), zip(picture, channel, join));
  });

  test.each([
    ['ABS', Math.abs],
    ['EXP', Math.exp],
    ['LOGISTIC', (x: number) => 1 / (1 + Math.exp(-x))],
    ['NEG', (x: number) => -x],
    ['RELU', (x: number) => Math.max(0, x)],
    ['TANH', Math.tanh],
    ['HARD_SWISH', (x: number) => (x * Math.min(6, Math.max(0, x + 3))) / 6],
  ] as const)('%s', (op, change) => expectResult(one(op, picture.dims), map(picture, change)));

  test('leaky ReLU takes its slope from the options', () =>
    expectResult(
      one('LEAKY_RELU', picture.dims, [], { 0: ['float32', 0.25] }),
      map(picture, (x) => (x < 0 ? x * 0.25 : x)),
    ));

  test('mean over positions', () =>
    expectResult(one('MEAN', [2, 3], [integers('axes', [1, 2])], { 0: ['uint8', 0] }), means(picture)));

  test('mean over positions that stay', () => {
    const wanted = { dims: [2, 1, 1, 3], data: means(picture).data };
    return expectResult(one('MEAN', wanted.dims, [integers('axes', [-3, -2])], { 0: ['uint8', 1] }), wanted);
  });
});

test('a classifier: convolution, pool, two branches joined, dense layer, softmax', async () => {
  const hidden = relu(convolution(picture, filters, bias));
  const halves = pool(hidden, 'max', 2, { stride: 2 });
  const both = joined(halves, map(halves, Math.abs));
  const weights = randomValues([8, 5], 7);
  const offsets = randomValues([5], 8);
  const wanted = softmax(map(dense(means(both), weights, offsets), (x) => x * 0.5));
  const tensors = [
    computed('picture', [1, 9, 7, 3]),
    constant('filters', outputsFirst),
    constant('bias', bias),
    computed('hidden', [1, 9, 7, 4]),
    computed('halves', [1, 4, 3, 4]),
    computed('absolute', [1, 4, 3, 4]),
    computed('both', [1, 4, 3, 8]),
    integers('axes', [1, 2]),
    computed('means', [1, 8]),
    constant('weights', permuted(weights, [1, 0])),
    constant('offsets', offsets),
    computed('logits', [1, 5]),
    computed('class probabilities', [1, 5]),
  ];
  const operations: TestOperation[] = [
    {
      op: 'CONV_2D',
      inputs: [0, 1, 2],
      outputs: [3],
      options: { 0: ['uint8', 0], 1: ['int32', 1], 2: ['int32', 1], 3: ['uint8', 1] },
    },
    {
      op: 'MAX_POOL_2D',
      inputs: [3],
      outputs: [4],
      options: { 0: ['uint8', valid], 1: ['int32', 2], 2: ['int32', 2], 3: ['int32', 2], 4: ['int32', 2] },
    },
    { op: 'ABS', inputs: [4], outputs: [5] },
    { op: 'CONCATENATION', inputs: [4, 5], outputs: [6], options: { 0: ['int32', -1] } },
    { op: 'MEAN', inputs: [6, 7], outputs: [8] },
    { op: 'FULLY_CONNECTED', inputs: [8, 9, 10], outputs: [11] },
    { op: 'SOFTMAX', inputs: [11], outputs: [12], options: { 0: ['float32', 0.5] } },
  ];
  const model = convert(tfliteFile(tensors, operations, [0], [12]));
  expectClose(await resultOf(model, picture), wanted);
  // pictures stay NCHW from the input on
  expect(model.graph!.node.filter(({ opType }) => opType === 'Transpose')).toEqual([]);
  expect(model.graph!.output[0].name).toBe('class_probabilities');
});

describe('weights', () => {
  const options: TestOperation['options'] = { 0: ['uint8', 0], 1: ['int32', 1], 2: ['int32', 1] };
  const network = (stored: TestTensor, between: TestOperation[], extra: TestTensor[] = []) =>
    tfliteFile(
      [computed('picture', [1, 9, 7, 3]), stored, constant('bias', bias), computed('result', [1, 9, 7, 4]), ...extra],
      [...between, { op: 'CONV_2D', inputs: [0, extra.length > 0 ? 4 : 1, 2], outputs: [3], options }],
      [0],
      [3],
    );

  test('half floats, dequantised in the graph, stay half floats', async () => {
    const short = map(outputsFirst, (x) => Math.round(x * 64) / 64);
    const stored: TestTensor = { name: 'half', shape: short.dims, type: 'float16', data: exactHalves(short.data)! };
    const file = network(
      stored,
      [{ op: 'DEQUANTIZE', inputs: [1], outputs: [4] }],
      [computed('filters', outputsFirst.dims)],
    );
    expectClose(await resultOf(convert(file), picture), convolution(picture, permuted(short, [1, 2, 3, 0]), bias));
    const types = convert(file).graph!.initializer.map(({ dataType }) => dataType);
    expect(types).toContain(10);
  });

  test('bytes with a scale an output are what they stand for', async () => {
    const bytes = Int8Array.from(outputsFirst.data, (x) => Math.round(x * 100));
    const scales = [0.01, 0.02, 0.03, 0.04];
    const quantization = { 2: ['floats', scales], 3: ['longs', [0, 1, 2, 3]], 6: ['int32', 0] } as const;
    const file = network({ name: 'bytes', shape: outputsFirst.dims, type: 'int8', data: bytes, quantization }, []);
    const perOutput = bytes.length / 4;
    const meant = Float32Array.from(bytes, (q, i) => {
      const output = Math.floor(i / perOutput);
      return (q - output) * scales[output];
    });
    const wanted = convolution(picture, permuted({ dims: outputsFirst.dims, data: meant }, [1, 2, 3, 0]), bias);
    expectClose(await resultOf(convert(file), picture), wanted);
  });
});

describe('what cannot be converted', () => {
  test('an unknown operation is named with its node and what is known', () => {
    const { code, message, hint } = refusal(() => convert(one('REVERSE_V2', picture.dims)));
    expect(code).toBe('MODEL_INVALID');
    expect(message).toBe('The operation REVERSE_V2 of node "0 (result)" cannot be converted');
    expect(hint).toMatch(/CONV_2D, .*--outputs/);
  });

  test('an unknown operation behind the outputs that are asked for does not matter', async () => {
    const file = tfliteFile(
      [computed('picture', [1, 9, 7, 3]), computed('positive', [1, 9, 7, 3]), computed('result', [1, 9, 7, 3])],
      [
        { op: 'RELU', inputs: [0], outputs: [1] },
        { op: 'REVERSE_V2', inputs: [1], outputs: [2] },
      ],
      [0],
      [2],
    );
    const model = convert(file, { outputs: ['positive'], names: ['p'] });
    expectClose(await resultOf(model, picture), relu(picture));
    expect(model.graph!.output.map(({ name }) => name)).toEqual(['p']);
    expect(refusal(() => convert(file, { outputs: ['negative'] })).hint).toBe('Its outputs are "result".');
    expect(refusal(() => convert(file, { outputs: ['positive'], names: ['a', 'b'] })).code).toBe('INVALID_ARGUMENT');
  });

  test('quantised arithmetic and sparse weights', () => {
    const input: TestTensor = { name: 'picture', shape: [1, 2, 2, 3], type: 'uint8' };
    const quantised = tfliteFile(
      [input, computed('r', [1, 2, 2, 3])],
      [{ op: 'RELU', inputs: [0], outputs: [1] }],
      [0],
      [1],
    );
    expect(refusal(() => convert(quantised)).message).toMatch(/"picture" is uint8/);
    const sparse = { ...constant('weights', bias), sparse: true };
    expect(refusal(() => convert(one('ADD', picture.dims, [sparse]))).message).toMatch(/sparse/);
  });

  test('a shape that mixes pictures needs a fixed batch', async () => {
    const file = tfliteFile(
      [computed('picture', [1, 9, 7, 3]), computed('rows', [63, 3])],
      [{ op: 'RESHAPE', inputs: [0], outputs: [1] }],
      [0],
      [1],
    );
    expect(refusal(() => convert(file)).hint).toMatch(/--batch 1/);
    const first = { dims: [1, 9, 7, 3], data: picture.data.subarray(0, 189) };
    const { data } = await resultOf(convert(file, { batch: 1 }), first);
    expect(data).toEqual(first.data);
  });

  test('damaged files are refused or read, never a crash', () => {
    const intact = one('CONV_2D', [2, 9, 7, 4], [constant('filters', outputsFirst), constant('bias', bias)], {
      0: ['uint8', 0],
      1: ['int32', 1],
      2: ['int32', 1],
    });
    const places = randomValues([2000], 9, 0, intact.length).data;
    const values = randomValues([2000], 10, 0, 256).data;
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      const damaged = i % 4 === 0 ? intact.slice(0, places[i]) : intact.slice();
      for (const at of [i, i + 1000]) damaged[Math.floor(places[at])] = values[at];
      try {
        writeModel(convert(damaged));
      } catch (error) {
        refused++;
        if (!(error instanceof FlatbufferError)) expect(error).toBeInstanceOf(ModelError);
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});
