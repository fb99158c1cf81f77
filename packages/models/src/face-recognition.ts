/**
 * face-api.js's FaceRecognitionNet as an ONNX graph: dlib's ResNet with 29 layers, 150x150 faces to 128 numbers, of
 * which faces of one person lie within about 0.58 of each other (L2, aligned to dlib's face chip).
 *
 * Input "input" [N, 3, 150, 150], RGB 0..255 (mean and divisor are in the graph); output "embedding" [N, 128], not
 * normalised. The divisor is dlib's 256, as in the original face-api.js.
 *
 * @see http://dlib.net/dnn_face_recognition_ex.cpp.html
 * @see https://github.com/justadudewhohacks/face-api.js/tree/master/src/faceRecognitionNet
 */
import { GraphBuilder } from './graph-builder.js';
import type { Model } from './onnx-proto.js';
import { dequantize, type Weights } from './tfjs-weights.js';
import { transposed } from './transpose.js';

const size = 150;
const mean = [122.782, 117.001, 104.298];

/** Stages after the first, in order: the block that halves the picture, then the blocks that keep it. */
const stages: [down: string, blocks: string[]][] = [
  ['conv64_down', ['conv64_1', 'conv64_2', 'conv64_3']],
  ['conv128_down', ['conv128_1', 'conv128_2']],
  ['conv256_down', ['conv256_1', 'conv256_2']],
  ['conv256_down_out', []],
];

/** A value on the way through the network and its shape. */
interface Features {
  value: string;
  channels: number;
  side: number;
}

class FaceRecognitionBuilder {
  readonly #graph = new GraphBuilder('FaceRecognitionNet');

  constructor(readonly weights: Map<string, Weights>) {}

  build(): Model {
    const graph = this.#graph;
    let features: Features = { value: graph.input('input', ['N', 3, size, size]), channels: 3, side: size };
    features.value = graph.node('Sub', [features.value, graph.constant('mean', [1, 3, 1, 1], mean)]);
    features.value = graph.node('Mul', [features.value, graph.constant('inverse_divisor', [1], [1 / 256])]);
    features = this.#convolution(features, 'conv32_down', { stride: 2, pad: false, relu: true });
    features = {
      ...features,
      value: graph.window('MaxPool', [features.value], 3, 2),
      side: Math.floor((features.side - 3) / 2) + 1,
    };
    for (const block of ['conv32_1', 'conv32_2', 'conv32_3']) features = this.#residual(features, block);
    for (const [down, blocks] of stages) {
      features = this.#residualDown(features, down);
      for (const block of blocks) features = this.#residual(features, block);
    }
    const pooled = graph.node('ReduceMean', [features.value], { axes: [2, 3], keepdims: 0 });
    const last = this.#weights('fc');
    graph.node('MatMul', [pooled, graph.constant('fc', last.shape, dequantize(last))], {}, 'embedding');
    graph.output('embedding', ['N', last.shape[1]]);
    return graph.build('framepath');
  }

  #weights(name: string): Weights {
    const weights = this.weights.get(name);
    if (!weights) throw new Error(`the face-api weights have no ${name}`);
    return weights;
  }

  /** Convolution, then a scale and a shift per channel, then perhaps an activation. */
  #convolution(x: Features, name: string, { stride = 1, pad = true, relu = true }): Features {
    const graph = this.#graph;
    const filters = this.#weights(`${name}/conv/filters`);
    const [kernel, , inputs, channels] = filters.shape;
    const dims = [channels, inputs, kernel, kernel];
    const data = transposed(filters.data, filters.shape, [3, 2, 0, 1]); // as TensorFlow has them -> as ONNX has them
    const weights =
      data instanceof Uint8Array
        ? graph.quantized(`${name}/weights`, dims, data, filters.scale, filters.offset)
        : graph.constant(`${name}/weights`, dims, data);
    const bias = dequantize(this.#weights(`${name}/conv/bias`));
    const scale = dequantize(this.#weights(`${name}/scale/weights`));
    // scale * (conv + bias) + shift = scale * conv + (scale * bias + shift)
    const shift = dequantize(this.#weights(`${name}/scale/biases`)).map((value, i) => value + scale[i] * bias[i]);
    const margin = pad ? (kernel - 1) / 2 : 0;
    let value = graph.window('Conv', [x.value, weights], kernel, stride, margin);
    value = graph.node('Mul', [value, graph.constant(`${name}/scale`, [1, channels, 1, 1], scale)]);
    value = graph.node('Add', [value, graph.constant(`${name}/shift`, [1, channels, 1, 1], shift)]);
    if (relu) value = graph.node('Relu', [value]);
    return { value, channels, side: Math.floor((x.side + 2 * margin - kernel) / stride) + 1 };
  }

  #residual(x: Features, name: string): Features {
    const first = this.#convolution(x, `${name}/conv1`, {});
    const second = this.#convolution(first, `${name}/conv2`, { relu: false });
    return { ...second, value: this.#graph.node('Relu', [this.#graph.node('Add', [second.value, x.value])]) };
  }

  /** Halves the picture: the shortcut is an average, and whichever of the two is smaller is padded with zeros. */
  #residualDown(x: Features, name: string): Features {
    const first = this.#convolution(x, `${name}/conv1`, { stride: 2, pad: false });
    const second = this.#convolution(first, `${name}/conv2`, { relu: false });
    const side = Math.floor((x.side - 2) / 2) + 1;
    const pooled = { value: this.#graph.window('AveragePool', [x.value], 2, 2), channels: x.channels, side };
    const { channels } = second;
    const sum = this.#graph.node('Add', [this.#grow(pooled, channels, side), this.#grow(second, channels, side)]);
    return { value: this.#graph.node('Relu', [sum]), channels, side };
  }

  /** `x` with channels, rows and columns of zeros appended. */
  #grow(x: Features, channels: number, side: number): string {
    const rows = side - x.side;
    if (rows === 0 && channels === x.channels) return x.value;
    return this.#graph.node('Pad', [x.value, this.#graph.integers([0, 0, 0, 0, 0, channels - x.channels, rows, rows])]);
  }
}

/** @param weights as {@link readManifest} reads `face_recognition_model-weights_manifest.json` */
export const buildFaceRecognition = (weights: Map<string, Weights>): Model =>
  new FaceRecognitionBuilder(weights).build();
