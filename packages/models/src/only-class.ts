/** Graph edit: sets the score of detections of all classes but one to 0. */
import { attributesOf } from './onnx-attributes.js';
import { DataType, type Model, nodeCodec } from './onnx-proto.js';
import { floatTensor, int64Tensor } from './onnx-tensors.js';

/** @param model its only output has rows of x1, y1, x2, y2, score, class */
export function keepOnlyClass(model: Model, wanted: number): void {
  const graph = model.graph!;
  const output = graph.output[0].name!;
  const [all, box, score, kind, is, factor, kept] = ['all', 'box', 'score', 'class', 'is', 'factor', 'kept'].map(
    (part) => `${output}/${part}`,
  );
  const last = graph.node.find((node) => node.output.includes(output))!;
  last.name = `${all}/node`;
  last.output = [all];
  graph.initializer.push(
    int64Tensor(`${output}/parts`, [4, 1, 1]),
    floatTensor(`${output}/wanted`, [], Float32Array.of(wanted)),
  );
  const write = (
    ...[opType, input, to, attributes = {}]: [string, string[], string[], Parameters<typeof attributesOf>[0]?]
  ) =>
    graph.node.push(
      nodeCodec.create({ opType, name: `${to[0]}/node`, input, output: to, attribute: attributesOf(attributes) }),
    );
  write('Split', [all, `${output}/parts`], [box, score, kind], { axis: 2 });
  write('Equal', [kind, `${output}/wanted`], [is]);
  write('Cast', [is], [factor], { to: DataType.float });
  write('Mul', [score, factor], [kept]);
  write('Concat', [box, kept, kind], [output], { axis: 2 });
}
