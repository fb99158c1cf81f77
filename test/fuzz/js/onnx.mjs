// The reader, the fixes and the writer of ONNX files.
import { fixModel } from '../../../packages/models/lib/fixes.js';
import { GraphBuilder } from '../../../packages/models/lib/graph-builder.js';
import { readModel, writeModel } from '../../../packages/models/lib/onnx-proto.js';
import { floatTensor, int64Tensor, valueInfo } from '../../../packages/models/lib/onnx-tensors.js';
import { coded, main } from './fuzzer.mjs';

const graphs = {
  /** 24 channels, to be widened; pictures that are transposed first */
  picture() {
    const graph = new GraphBuilder('picture');
    const input = graph.node('Transpose', [graph.input('input', [1, 8, 8, 3])], { perm: [0, 3, 1, 2] });
    const weights = graph.constant('weights', [24, 3, 1, 1], new Float32Array(72).fill(0.5));
    const wide = graph.node('Relu', [
      graph.node('Conv', [input, weights, graph.constant('bias', [24], new Float32Array(24))]),
    ]);
    const deep = graph.constant('deep', [24, 1, 1, 1], new Float32Array(24));
    const alone = graph.node('Conv', [wide, deep], { group: 24 });
    const sum = graph.node('Add', [alone, wide]);
    graph.node('Conv', [sum, graph.constant('last', [2, 24, 1, 1], new Float32Array(48))], {}, 'output');
    graph.output('output', [1, 2, 8, 8]);
    return graph.build('fuzz');
  },
  /** zeros of a fixed shape, a reshape, pads */
  pinned() {
    const graph = new GraphBuilder('pinned');
    const input = graph.input('input', [1, 4, 2, 2]);
    const zeros = graph.node('ConstantOfShape', [graph.integers([1, 2, 2, 2])]);
    const joined = graph.node('Concat', [input, zeros], { axis: 1 });
    const padded = graph.node('Pad', [joined, graph.integers([0, 0, 1, 1, 0, 0, 1, 1])]);
    graph.node('Reshape', [padded, graph.integers([1, 96])], {}, 'output');
    graph.output('output', [1, 96]);
    return graph.build('fuzz');
  },
  plain() {
    const graph = new GraphBuilder('plain');
    graph.node('Softmax', [graph.node('Sigmoid', [graph.input('input', [1, 3, 2, 2])])], { axis: 1 }, 'output');
    graph.output('output', ['N', 3, 2, 2]);
    const model = graph.build('fuzz');
    model.graph.initializer.push(floatTensor('unused', [2, 2], new Float32Array(4)), int64Tensor('numbers', [1, 2, 3]));
    model.graph.valueInfo.push(valueInfo('between', [1, 3, 2, 2]));
    return model;
  },
};

export const target = {
  name: 'onnx',
  seeds: () => Object.values(graphs).map((make) => make()),
  encode: (model) => Buffer.from(writeModel(model)),
  run(bytes) {
    try {
      for (const vectorFloats of [8, 16]) {
        const { bytes: written } = fixModel(bytes, vectorFloats);
        readModel(written);
        if (written.length > 4 * bytes.length + 65536)
          throw new Error(`${written.length} bytes became of ${bytes.length}`);
      }
      return 'read';
    } catch (error) {
      return coded(error, ['MODEL_INVALID']);
    }
  },
};

if (import.meta.filename === process.argv[1]) await main(target);
