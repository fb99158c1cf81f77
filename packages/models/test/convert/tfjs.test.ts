// Graph models that the tests write, converted and run, against layers written down as they are defined.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { convertModel } from '../../src/convert/convert.js';
import { sha256 } from '../../src/fixes.js';
import { exactHalves } from '../../src/half.js';
import { ModelError } from '../../src/model-error.js';
import { getMetadata, writeModel } from '../../src/onnx-proto.js';
import {
  convolution,
  dense,
  depthwise,
  map,
  means,
  randomValues,
  relu6,
  resize,
  type Values,
  zip,
} from './reference.js';
import { expectClose, outputsOf, refusal, resultOf } from './run-onnx.js';
import { type TestNode, type TestWeights, tfjsFile } from './tfjs-writer.js';

const picture = randomValues([2, 9, 7, 3], 1);
const filters = randomValues([3, 3, 3, 4], 2); // height, width, inputs, outputs
const bias = randomValues([4], 3);

const input: TestNode = {
  name: 'picture',
  op: 'Placeholder',
  attributes: { dtype: 'DT_FLOAT', shape: { shape: [-1, 9, 7, 3] } },
};
const float = ({ dims, data }: Values): TestWeights => ({ shape: dims, data });
const integers = (values: number[], shape = [values.length]): TestWeights => ({
  shape,
  dtype: 'int32',
  data: Int32Array.from(values),
});
const window = { strides: [1, 2, 2, 1], padding: 'SAME', data_format: 'NHWC', dilations: [1, 1, 1, 1] };

/** A network of one node on the picture. */
function one(op: string, constants: Record<string, TestWeights>, attributes: TestNode['attributes'] = {}): string {
  const node: TestNode = { name: 'result', op, input: ['picture', ...Object.keys(constants)], attributes };
  return tfjsFile([input, node], constants, { outputs: { result: [] } });
}

describe('layers', () => {
  test('fused convolution with bias and activation', async () => {
    const attributes = { ...window, fused_ops: ['BiasAdd', 'Relu6'] };
    const model = convertModel(one('_FusedConv2D', { filters: float(filters), bias: float(bias) }, attributes));
    expectClose(await resultOf(model, picture), relu6(convolution(picture, filters, bias, { stride: 2 })));
  });

  test('fused convolution with a slope a channel', async () => {
    const slope = randomValues([1, 1, 4], 4);
    const constants = { filters: float(filters), bias: float(bias), slope: float(slope) };
    const model = convertModel(one('_FusedConv2D', constants, { ...window, fused_ops: ['BiasAdd', 'Prelu'] }));
    const wanted = zip(convolution(picture, filters, bias, { stride: 2 }), slope, (a, b) => (a < 0 ? a * b : a));
    expectClose(await resultOf(model, picture), wanted);
  });

  test('depthwise convolution with stated zeros', async () => {
    const each = randomValues([3, 3, 3, 2], 5);
    const none = { dims: [6], data: new Float32Array(6) };
    const pads = { padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 1, 1, 1, 0, 0], strides: [1, 1, 1, 1] };
    const model = convertModel(one('DepthwiseConv2dNative', { each: float(each) }, { ...window, ...pads }));
    expectClose(await resultOf(model, picture), depthwise(picture, each, none));
  });

  test.each([false, true])('bilinear resize, pixel centres %s', async (halfPixel) => {
    const attributes = { half_pixel_centers: halfPixel, align_corners: false };
    const model = convertModel(one('ResizeBilinear', { size: integers([18, 11]) }, attributes));
    expectClose(await resultOf(model, picture), resize(picture, 18, 11, halfPixel));
  });

  test('mean and matrix product with fused bias', async () => {
    const weights = randomValues([3, 5], 6);
    const offsets = randomValues([5], 7);
    const path = tfjsFile(
      [
        input,
        { name: 'means', op: 'Mean', input: ['picture', 'axes'], attributes: { keep_dims: false } },
        {
          name: 'product',
          op: '_FusedMatMul',
          input: ['means', 'weights', 'offsets'],
          attributes: { fused_ops: ['BiasAdd'], transpose_a: false, transpose_b: false },
        },
      ],
      { axes: integers([1, 2]), weights: float(weights), offsets: float(offsets) },
      { outputs: { product: [-1, 5] } },
    );
    const model = convertModel(path);
    expectClose(await resultOf(model, picture), dense(means(picture), weights, offsets));
    expect(model.graph!.output[0].type?.tensorType?.shape?.dim).toMatchObject([{ param: 'N' }, { value: 5n }]);
  });
});

describe('weights', () => {
  test('bytes stay bytes, and stand for byte * scale + min', async () => {
    const bytes = Uint8Array.from(filters.data, (x) => Math.round((x + 1) * 100));
    const quantization = { dtype: 'uint8' as const, scale: 0.01, min: -1 };
    const stored: TestWeights = { shape: filters.dims, data: bytes, quantization };
    const model = convertModel(one('Conv2D', { filters: stored }, window));
    const meant = { dims: filters.dims, data: Float32Array.from(bytes, (q) => q * 0.01 - 1) };
    const none = { dims: [4], data: new Float32Array(4) };
    expectClose(await resultOf(model, picture), convolution(picture, meant, none, { stride: 2 }));
    expect(model.graph!.initializer.some(({ dataType, rawData }) => dataType === 2 && rawData?.length === 108)).toBe(
      true,
    );
  });

  test('half floats stay half floats', async () => {
    const short = map(filters, (x) => Math.round(x * 64) / 64);
    const stored: TestWeights = {
      shape: filters.dims,
      data: exactHalves(short.data)!,
      quantization: { dtype: 'float16' },
    };
    const model = convertModel(one('Conv2D', { filters: stored }, window));
    const none = { dims: [4], data: new Float32Array(4) };
    expectClose(await resultOf(model, picture), convolution(picture, short, none, { stride: 2 }));
    expect(model.graph!.initializer.some(({ dataType, rawData }) => dataType === 10 && rawData?.length === 216)).toBe(
      true,
    );
  });
});

describe('tensors', () => {
  const row = { dims: [1, 6], data: Float32Array.of(3, -7, 5, 0, 9, -2) };
  const rows: TestNode = {
    name: 'row',
    op: 'Placeholder',
    attributes: { dtype: 'DT_FLOAT', shape: { shape: [1, 6] } },
  };
  const whole: TestNode = { name: 'whole', op: 'Cast', input: ['row'], attributes: { DstT: 'DT_INT32' } };

  /** What nodes on the row give, as plain numbers. */
  async function give(nodes: TestNode[], constants: Record<string, TestWeights>, output: string): Promise<number[]> {
    const back: TestNode = { name: 'back', op: 'Cast', input: [output], attributes: { DstT: 'DT_FLOAT' } };
    const path = tfjsFile([rows, whole, ...nodes, back], constants, { outputs: { back: [] } });
    return [...Object.values(await outputsOf(convertModel(path), row))[0].data];
  }

  test('quotient and rest of whole numbers round down, also below zero', async () => {
    const two = { two: integers([2], []) };
    const node = (op: string): TestNode => ({ name: 'r', op, input: ['whole', 'two'] });
    expect(await give([node('FloorDiv')], two, 'r')).toEqual([1, -4, 2, 0, 4, -1]);
    expect(await give([node('FloorMod')], two, 'r')).toEqual([1, 1, 1, 0, 1, 0]);
  });

  test('the largest and where they are', async () => {
    const top: TestNode = { name: 'top', op: 'TopKV2', input: ['row', 'k'], attributes: { sorted: true } };
    expect(await give([top], { k: integers([2], []) }, 'top')).toEqual([9, 5]);
    expect(await give([top], { k: integers([2], []) }, 'top:1')).toEqual([4, 2]);
    const best: TestNode = { name: 'best', op: 'ArgMax', input: ['row', 'axis'] };
    expect(await give([best], { axis: integers([1], []) }, 'best')).toEqual([4]);
  });

  test('slices with masks, from the end, backwards', async () => {
    const slice = (masks: Record<string, number>, begin: number[], end: number[], strides: number[]) =>
      give(
        [{ name: 's', op: 'StridedSlice', input: ['row', 'b', 'e', 't'], attributes: masks }],
        { b: integers(begin), e: integers(end), t: integers(strides) },
        's',
      );
    expect(await slice({ begin_mask: 1, end_mask: 1 }, [0, 1], [0, 4], [1, 1])).toEqual([-7, 5, 0]);
    expect(await slice({ shrink_axis_mask: 3 }, [0, -1], [1, 0], [1, 1])).toEqual([-2]);
    expect(await slice({ begin_mask: 3, end_mask: 3 }, [0, 0], [0, 0], [1, -1])).toEqual([-2, 9, 0, 5, -7, 3]);
  });

  test('unpacking, packing, gathering', async () => {
    const parts: TestNode = { name: 'parts', op: 'Unpack', input: ['row'], attributes: { num: 6, axis: 1 } };
    const pair: TestNode = { name: 'pair', op: 'Pack', input: ['parts:4', 'parts'], attributes: { axis: 0 } };
    expect(await give([parts, pair], {}, 'pair')).toEqual([9, 3]);
    const some = { at: integers([5, 0]), axis: integers([1], []) };
    const gather: TestNode = { name: 'g', op: 'GatherV2', input: ['row', 'at', 'axis'], attributes: { batch_dims: 0 } };
    expect(await give([gather], some, 'g')).toEqual([-2, 3]);
    const places = { at: integers([0, 2, 0, 4], [2, 2]) };
    expect(await give([{ name: 'g', op: 'GatherNd', input: ['row', 'at'] }], places, 'g')).toEqual([5, 9]);
  });

  test('shapes: reshape, expand, squeeze, transpose, concat', async () => {
    const nodes: TestNode[] = [
      { name: 'table', op: 'Reshape', input: ['row', 'shape'] },
      { name: 'turned', op: 'Transpose', input: ['table', 'order'] },
      { name: 'more', op: 'ExpandDims', input: ['turned', 'zero'] },
      { name: 'less', op: 'Squeeze', input: ['more'], attributes: { squeeze_dims: [0] } },
      { name: 'twice', op: 'ConcatV2', input: ['less', 'less', 'last'] },
    ];
    const constants = {
      shape: integers([2, 3]),
      order: integers([1, 0]),
      zero: integers([0], []),
      last: integers([-1], []),
    };
    expect(await give(nodes, constants, 'twice')).toEqual([3, 0, 3, 0, -7, 9, -7, 9, 5, -2, 5, -2]);
  });
});

test('whole-number pictures are taken as floats', async () => {
  const whole = { ...input, attributes: { dtype: 'DT_INT32', shape: { shape: [1, 2, 2, 3] } } };
  const cast: TestNode = { name: 'float', op: 'Cast', input: ['picture'], attributes: { DstT: 'DT_FLOAT' } };
  const model = convertModel(tfjsFile([whole, cast], {}, { outputs: { float: [1, 2, 2, 3] } }));
  const pixels = { dims: [1, 2, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => i * 20) };
  expectClose(await resultOf(model, pixels), pixels);
});

test('source and converter are noted in the file', () => {
  const path = one('Relu', {});
  const model = convertModel(path, { layout: 'nhwc' });
  const bytes = Buffer.concat([readFileSync(path), readFileSync(path.replace('.json', '.bin'))]);
  expect(getMetadata(model, 'framepath.source.sha256')).toBe(sha256(bytes));
  expect(path.endsWith(getMetadata(model, 'framepath.source.file')!)).toBe(true);
  expect(getMetadata(model, 'framepath.converter')).toMatch(/^framepath \d+\.\d+\.\d+/);
  expect(getMetadata(model, 'framepath.layout')).toBe('nhwc');
});

const refusalOf = (path: string, options = {}) => refusal(() => convertModel(path, options));

describe('what cannot be converted', () => {
  test('an unknown operation is named with its node and what is known', () => {
    const { code, message, hint } = refusalOf(one('NonMaxSuppressionV5', {}));
    expect(code).toBe('MODEL_INVALID');
    expect(message).toMatch(/model\d+\.json cannot be converted\. .*NonMaxSuppressionV5 of node "result"/);
    expect(hint).toMatch(/_FusedConv2D/);
  });

  test('another batch than the one that the file fixes', () => {
    const two = { ...input, attributes: { dtype: 'DT_FLOAT', shape: { shape: [2, 9, 7, 3] } } };
    const path = tfjsFile([two, { name: 'result', op: 'Relu', input: ['picture'] }], {}, { outputs: { result: [] } });
    expect(refusalOf(path, { batch: 'free' }).message).toMatch(/fixes the batch at 2/);
    expect(convertModel(path).graph!.input[0].type?.tensorType?.shape?.dim[0]).toMatchObject({ value: 2n });
  });

  test('loops, and nodes and weights that are not there', () => {
    const loop = tfjsFile(
      [
        { name: 'a', op: 'Relu', input: ['b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
      ],
      {},
    );
    expect(refusalOf(loop, { outputs: ['a'] }).message).toMatch(/part of a loop/);
    expect(refusalOf(loop).hint).toMatch(/--outputs/);
    expect(refusalOf(one('Relu', {}), { outputs: ['nobody'] }).hint).toBe('Its outputs are result.');
    expect(
      refusalOf(one('Conv2D', { filters: { shape: [3, 3, 3, 4], data: new Float32Array(5) } }, window)).message,
    ).toMatch(/runs past the end/);
    const path = one('Relu', {});
    rmSync(path.replace('.json', '.bin'));
    expect(refusalOf(path).code).toBe('MODEL_NOT_FOUND');
    expect(refusalOf('nowhere.json').code).toBe('MODEL_NOT_FOUND');
  });

  test('JSON of another shape, wherever it differs', () => {
    const path = one(
      '_FusedConv2D',
      { filters: float(filters), bias: float(bias) },
      { ...window, fused_ops: ['BiasAdd'] },
    );
    const intact = readFileSync(path, 'utf8');
    const places = [...intact.matchAll(/"(?:[^"]*)"|\[\]|\{\}|\d+/g)];
    let refused = 0;
    for (const [i, { 0: token, index }] of places.entries()) {
      const other = ['null', '[]', '{}', '-3', '"x"', 'true'][i % 6];
      const isKey = intact[index + token.length] === ':';
      const put = isKey ? '"other"' : other;
      writeFileSync(path, intact.slice(0, index) + put + intact.slice(index + token.length));
      try {
        writeModel(convertModel(path));
      } catch (error) {
        refused++;
        expect(error, `${put} instead of ${token}`).toBeInstanceOf(ModelError);
        expect((error as ModelError).code).toMatch(/^MODEL_/);
      }
    }
    expect(refused).toBeGreaterThan(places.length / 4);
  });

  test('other files', () => {
    const path = one('Relu', {});
    writeFileSync(path, '{"format": "layers-model"}');
    expect(refusalOf(path).hint).toMatch(/tensorflowjs_converter/);
    writeFileSync(path, '{"modelTopology":');
    expect(refusalOf(path).message).toMatch(/not JSON/);
    writeFileSync(path, 'onnx');
    expect(refusalOf(path)).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/neither a TFLite/),
    });
  });
});
