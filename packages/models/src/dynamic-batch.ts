/**
 * Graph fix: a model exported for one picture gets a free batch, bit-identical for every picture.
 *
 * Three things pin a batch: the declared shapes, `Reshape` targets that start with 1, and zeros of a fixed shape that
 * are concatenated to widen a tensor. Anything else that could mix pictures or pin the batch makes the fix refuse.
 */
import { attributeOf, integerOf } from './onnx-attributes.js';
import { dimensionCodec, type Graph, type Node, nodeCodec, type Tensor } from './onnx-proto.js';
import { int64Tensor, tensorValues } from './onnx-tensors.js';

/** Operators that treat every picture of a batch alone, whatever their attributes. */
const perPicture = new Set(
  `Add AveragePool BatchNormalization Cast Clip Conv ConvTranspose Div Elu Exp GlobalAveragePool HardSigmoid HardSwish
   Identity LeakyRelu MaxPool Mul PRelu Relu Sigmoid Sqrt Sub Tanh`.split(/\s+/),
);

/** Why a graph cannot be fixed. */
export class NotFixable extends Error {}

/** Most numbers of a shape or padding; many nodes can share a constant. */
const mostSizes = 64;

/** The numbers of a shape and the like. @throws NotFixable */
export function sizesOf(tensor: Tensor): number[] {
  const { rawData, int64Data, floatData, name } = tensor;
  if ((rawData?.length ?? 8 * (int64Data.length + floatData.length)) > 8 * mostSizes)
    throw new NotFixable(`"${name}" has more numbers than a shape`);
  return tensorValues(tensor);
}

function isPerPicture(node: Node): boolean {
  const axis = integerOf(node, 'axis');
  switch (node.opType) {
    case 'Concat':
    case 'Softmax':
      return axis !== undefined && axis > 0;
    case 'Transpose':
      return attributeOf(node, 'perm')?.ints[0] === 0n;
    default:
      return perPicture.has(node.opType ?? '');
  }
}

/**
 * `Concat(x, ConstantOfShape([1, c, h, w]))` along the channels -> `Pad(x)` by c channels: no shape in it any more.
 * Returns the rewritten nodes.
 */
function padInsteadOfZeros(graph: Graph): Node[] {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  /** output of a ConstantOfShape of zeros -> its shape */
  const zeros = new Map<string, number[]>();
  for (const node of graph.node) {
    const shape = initializers.get(node.input[0]);
    const value = attributeOf(node, 'value')?.t;
    if (node.opType !== 'ConstantOfShape' || !shape) continue;
    if (!value || sizesOf(value).every((element) => element === 0)) zeros.set(node.output[0], sizesOf(shape));
  }
  const nodes: Node[] = [];
  for (const node of graph.node) {
    if (zeros.has(node.output[0])) continue;
    const at = node.input.findIndex((name) => zeros.has(name));
    if (at < 0) {
      nodes.push(node);
      continue;
    }
    const shape = zeros.get(node.input[at])!;
    if (node.opType !== 'Concat' || node.input.length !== 2 || integerOf(node, 'axis') !== 1 || shape.length !== 4) {
      throw new NotFixable(`${node.opType} "${node.name}" uses zeros of a fixed shape`);
    }
    const pads = int64Tensor(`${node.output[0]}_pads`, [
      0,
      at === 0 ? shape[1] : 0,
      0,
      0,
      0,
      at === 1 ? shape[1] : 0,
      0,
      0,
    ]);
    graph.initializer.push(pads);
    nodes.push(
      nodeCodec.create({
        opType: 'Pad',
        name: `${node.output[0]}_pad`,
        input: [node.input[1 - at], pads.name!],
        output: node.output,
      }),
    );
  }
  return nodes;
}

/** Drops initializers that no node uses. */
export function dropUnused(graph: Graph): void {
  const used = new Set(graph.node.flatMap((node) => node.input));
  graph.initializer = graph.initializer.filter((tensor) => used.has(tensor.name!));
}

/** Makes the first dimension of every input and output free ("N"). Throws {@link NotFixable}, leaving `graph` half done. */
export function dynamicBatch(graph: Graph): void {
  const shapes = [...graph.input, ...graph.output].map((value) => value.type?.tensorType?.shape?.dim);
  for (const dims of shapes) {
    if (dims?.[0]?.value !== 1n) throw new NotFixable('its inputs and outputs do not all have a batch of 1');
  }
  graph.node = padInsteadOfZeros(graph);
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name!, tensor]));
  const replaced = new Set<string>();
  for (const node of graph.node) {
    if (node.opType === 'Reshape') {
      const target = constants.get(node.input[1]);
      const shape = target && sizesOf(target);
      if (!shape || shape[0] > 1 || constants.has(node.input[0]))
        throw new NotFixable(`Reshape "${node.name}" fixes the batch`);
      // 0 = as the input has it
      if (shape[0] === 1) constants.set(target.name!, int64Tensor(target.name!, [0, ...shape.slice(1)]));
      replaced.add(target.name!);
      continue;
    }
    if (node.opType === 'Pad') {
      const pads = constants.get(node.input[1]);
      const amounts = pads ? sizesOf(pads) : attributeOf(node, 'pads')?.ints.map(Number);
      if (!amounts?.length || amounts[0] !== 0 || amounts[amounts.length / 2] !== 0) {
        throw new NotFixable(`Pad "${node.name}" may pad the batch`);
      }
      continue;
    }
    if (!isPerPicture(node)) throw new NotFixable(`${node.opType} "${node.name}" may not treat pictures one by one`);
    if (node.opType === 'Concat' && node.input.some((name) => constants.has(name))) {
      throw new NotFixable(`Concat "${node.name}" joins a constant of batch 1`);
    }
  }
  graph.initializer = graph.initializer.map((tensor) =>
    replaced.has(tensor.name!) ? constants.get(tensor.name!)! : tensor,
  );
  for (const dims of shapes) dims![0] = dimensionCodec.create({ param: 'N' });
  graph.valueInfo = []; // inner shapes, all with the old batch
  dropUnused(graph);
}

/**
 * Replaces an NHWC input that is only transposed to NCHW by an NCHW input; the values stay the same. Returns whether there was
 * one.
 */
export function nchwInput(graph: Graph): boolean {
  const input = graph.input[0];
  const dims = input?.type?.tensorType?.shape?.dim;
  const users = graph.node.filter((node) => node.input.includes(input?.name ?? ''));
  const [transpose] = users;
  const perm = transpose?.opType === 'Transpose' ? attributeOf(transpose, 'perm')?.ints : undefined;
  if (graph.input.length !== 1 || users.length !== 1 || dims?.length !== 4 || String(perm) !== '0,3,1,2') return false;
  if (graph.output.some((output) => output.name === transpose.output[0])) return false;
  graph.node = graph.node.filter((node) => node !== transpose);
  for (const node of graph.node) {
    node.input = node.input.map((name) => (name === transpose.output[0] ? input.name! : name));
  }
  input.type!.tensorType!.shape!.dim = [dims[0], dims[3], dims[1], dims[2]];
  return true;
}
