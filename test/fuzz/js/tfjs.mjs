// The reader and the converter of graph models of TensorFlow.js. An input is the length of the JSON, the JSON, the weights.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { convertModel } from '../../../packages/models/lib/convert/convert.js';
import { mostConverted } from '../../../packages/models/lib/convert/options.js';
import { readModel, writeModel } from '../../../packages/models/lib/onnx-proto.js';
import { coded, main } from './fuzzer.mjs';

/** Where something was read that does not lie in the folder of the model. */
let folderRead;
let strayed;
const { readSync } = fs;
fs.readSync = (descriptor, ...rest) => {
  const file = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  if (folderRead && !file.startsWith(folderRead)) strayed = file;
  return readSync(descriptor, ...rest);
};
syncBuiltinESMExports();

const base64 = (text) => Buffer.from(text).toString('base64');
const dims = (...sizes) => ({ dim: sizes.map((size) => ({ size: String(size) })) });
const text = (value) => ({ s: base64(value) });
const list = (...values) => ({ list: { i: values.map(String) } });
const placeholder = (name, ...sizes) => ({
  name,
  op: 'Placeholder',
  attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: dims(...sizes) } },
});
const window = { strides: list(1, 2, 2, 1), padding: text('SAME'), data_format: text('NHWC') };
const constants = (weights) => weights.map(({ name }) => ({ name, op: 'Const' }));

function model(nodes, weights, outputs, bytes) {
  return {
    json: {
      format: 'graph-model',
      modelTopology: { node: [...constants(weights), ...nodes] },
      signature: {
        inputs: { x: { name: 'x:0', tensorShape: dims(1, 4, 4, 3) } },
        outputs: Object.fromEntries(outputs.map((name) => [name, { name, tensorShape: dims(1, -1) }])),
      },
      weightsManifest: [{ paths: ['w.bin'], weights }],
    },
    weights: new Uint8Array(bytes).fill(1),
  };
}

const float = (name, ...shape) => ({ name, dtype: 'float32', shape });
const whole = (name, ...shape) => ({ name, dtype: 'int32', shape });
const fused = { ...window, fused_ops: { list: { s: ['BiasAdd', 'Relu6'].map(base64) } } };

const seeds = [
  model(
    [
      placeholder('x', 1, 4, 4, 3),
      { name: 'conv', op: '_FusedConv2D', input: ['x', 'w', 'b'], attr: fused },
      { name: 'pool', op: 'MaxPool', input: ['conv'], attr: { ...window, ksize: list(1, 2, 2, 1) } },
      { name: 'mean', op: 'Mean', input: ['pool', 'axes'], attr: { keep_dims: { b: false } } },
      { name: 'sum', op: 'AddV2', input: ['mean', 'b'] },
      { name: 'y', op: 'Softmax', input: ['sum', '^pool'] },
    ],
    [float('w', 1, 1, 3, 2), float('b', 2), whole('axes', 2)],
    ['y'],
    24 + 8 + 8,
  ),
  model(
    [
      placeholder('x', 1, 4, 4, 3),
      { name: 'slice', op: 'StridedSlice', input: ['x', 'begin', 'begin', 'begin'], attr: { end_mask: { i: '15' } } },
      { name: 'rows', op: 'Unpack', input: ['slice'], attr: { num: { i: '4' }, axis: { i: '1' } } },
      { name: 'pack', op: 'Pack', input: ['rows', 'rows:1', 'rows:2'], attr: { axis: { i: '1' } } },
      { name: 'top', op: 'TopKV2', input: ['pack', 'one'] },
      { name: 'cast', op: 'Cast', input: ['top:1'], attr: { DstT: { type: 'DT_FLOAT' } } },
      { name: 'reshape', op: 'Reshape', input: ['cast', 'shape'] },
      { name: 'joined', op: 'ConcatV2', input: ['reshape', 'reshape', 'one'] },
      { name: 'y', op: 'GatherV2', input: ['joined', 'one', 'one'], attr: { batch_dims: { i: '0' } } },
    ],
    [whole('begin', 4), whole('one', 1), whole('shape', 2)],
    ['y', 'top:1'],
    16 + 4 + 8,
  ),
  model(
    [placeholder('x', 1, 4, 4, 3), { name: 'y', op: 'Mul', input: ['x', 'q'] }],
    [{ ...float('q', 4), quantization: { dtype: 'uint8', scale: 0.1, min: -1 } }],
    ['y'],
    4,
  ),
];

export const target = {
  name: 'tfjs',
  seeds: () => seeds,
  encode({ json, weights }) {
    const body = Buffer.from(JSON.stringify(json) ?? '');
    const head = Buffer.alloc(4);
    head.writeUInt32LE(body.length);
    return Buffer.concat([head, body, weights]);
  },
  run(bytes, folder) {
    const length = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
    fs.writeFileSync(join(folder, 'model.json'), bytes.subarray(4, 4 + length));
    fs.writeFileSync(join(folder, 'w.bin'), bytes.subarray(Math.min(bytes.length, 4 + length)));
    [folderRead, strayed] = [fs.realpathSync(folder), undefined];
    let share;
    try {
      const written = writeModel(convertModel(join(folder, 'model.json')));
      readModel(written);
      if (written.length > 2 * mostConverted(bytes.length)) throw new Error(`${written.length} of ${bytes.length}`);
      share = 'read';
    } catch (error) {
      share = coded(error, ['MODEL_INVALID', 'MODEL_NOT_FOUND', 'INVALID_ARGUMENT']); // the last: two outputs of one name
    }
    folderRead = undefined;
    if (strayed) throw new Error(`it read ${strayed}`);
    return share;
  },
};

if (import.meta.filename === process.argv[1]) await main(target);
