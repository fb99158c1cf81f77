// The reader and the converter of TFLite files.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { convertModel } from '../../../packages/models/lib/convert/convert.js';
import { mostConverted } from '../../../packages/models/lib/convert/options.js';
import { readModel, writeModel } from '../../../packages/models/lib/onnx-proto.js';
import { coded, main } from './fuzzer.mjs';

/** The writer that the tests of the converter use. */
async function writer() {
  const root = new URL('../../../', import.meta.url);
  const source = readFileSync(new URL('packages/models/test/convert/flatbuffer-writer.ts', root), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const resolved = outputText.replaceAll('../../src/', new URL('packages/models/lib/', root).href);
  return import(`data:text/javascript,${encodeURIComponent(resolved)}`);
}
const { tfliteFile } = await writer();

const computed = (name, shape) => ({ name, shape });
const floats = (name, shape) => ({ name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.3) });
const integers = (name, values) => ({ name, shape: [values.length], type: 'int32', data: Int32Array.from(values) });
const strides = { 0: ['uint8', 0], 1: ['int32', 1], 2: ['int32', 1], 3: ['uint8', 1] };

const classifier = {
  tensors: [
    computed('picture', [1, 9, 7, 3]),
    floats('filters', [4, 3, 3, 3]),
    floats('bias', [4]),
    computed('hidden', [1, 9, 7, 4]),
    computed('halves', [1, 4, 3, 4]),
    computed('joined', [1, 4, 3, 8]),
    integers('axes', [1, 2]),
    computed('means', [1, 8]),
    floats('weights', [5, 8]),
    computed('logits', [1, 5]),
    computed('result', [1, 5]),
  ],
  operations: [
    { op: 'CONV_2D', inputs: [0, 1, 2], outputs: [3], options: strides },
    { op: 'MAX_POOL_2D', inputs: [3], outputs: [4], options: { ...strides, 3: ['int32', 2], 4: ['int32', 2] } },
    { op: 'CONCATENATION', inputs: [4, 4], outputs: [5], options: { 0: ['int32', -1] } },
    { op: 'MEAN', inputs: [5, 6], outputs: [7] },
    { op: 'FULLY_CONNECTED', inputs: [7, 8, -1], outputs: [9] },
    { op: 'SOFTMAX', inputs: [9], outputs: [10], options: { 0: ['float32', 0.5] } },
  ],
  inputs: [0],
  outputs: [10],
};

const quantization = { 2: ['floats', [0.1, 0.2, 0.3, 0.4]], 3: ['longs', [0, 1, 2, 3]], 6: ['int32', 3] };
const shapes = {
  tensors: [
    computed('picture', [1, 4, 4, 4]),
    { name: 'bytes', shape: [1, 3, 3, 4], type: 'int8', data: new Int8Array(36).fill(3), quantization },
    computed('deep', [1, 4, 4, 4]),
    integers('edges', [0, 0, 1, 1, 1, 1, 0, 0]),
    computed('padded', [1, 6, 6, 4]),
    integers('size', [3, 3]),
    computed('small', [1, 3, 3, 4]),
    computed('flat', [1, 36]),
    { name: 'halves', shape: [36], type: 'float16', data: new Uint16Array(36).fill(0x3c00) },
    computed('whole', [36]),
    computed('result', [1, 36]),
  ],
  operations: [
    { op: 'DEPTHWISE_CONV_2D', inputs: [0, 1], outputs: [2], options: { ...strides, 4: ['uint8', 3] } },
    { op: 'PAD', inputs: [2, 3], outputs: [4] },
    { op: 'RESIZE_BILINEAR', inputs: [4, 5], outputs: [6], options: { 3: ['uint8', 1] } },
    { op: 'RESHAPE', inputs: [6], outputs: [7] },
    { op: 'DEQUANTIZE', inputs: [8], outputs: [9] },
    { op: 'ADD', inputs: [7, 9], outputs: [10], options: { 0: ['uint8', 1] } },
  ],
  inputs: [0],
  outputs: [10, 6],
};

export const target = {
  name: 'tflite',
  seeds: () => [classifier, shapes],
  encode: ({ tensors, operations, inputs, outputs }) => Buffer.from(tfliteFile(tensors, operations, inputs, outputs)),
  run(bytes, folder) {
    const file = join(folder, 'model.tflite');
    writeFileSync(file, bytes);
    try {
      for (const batch of ['free', 1]) {
        const written = writeModel(convertModel(file, { batch }));
        readModel(written);
        if (written.length > 2 * mostConverted(bytes.length)) throw new Error(`${written.length} of ${bytes.length}`);
      }
      return 'read';
    } catch (error) {
      return coded(error, ['MODEL_INVALID', 'INVALID_ARGUMENT']); // the second: two outputs of one name
    }
  },
};

if (import.meta.filename === process.argv[1]) await main(target);
