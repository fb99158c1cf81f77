import assert from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { padChannels } from '../src/channel-padding.js';
import { dynamicBatch, NotFixable, nchwInput } from '../src/dynamic-batch.js';
import { fixModel, sha256 } from '../src/fixes.js';
import { generateModels } from '../src/generate.js';
import { type Graph, getMetadata, OnnxFormatError, readModel, writeModel } from '../src/onnx-proto.js';
import { registry } from '../src/registry.js';
import { dequantize, readManifest } from '../src/tfjs-weights.js';

const sources = { blazeface: 'build/blazeface-1.2.0', faceApi: 'node_modules/@vladmandic/face-api' };
const blazefaceFile = join(sources.blazeface, 'ONNX/face_detection_back_256x256_barracuda.onnx');
const blazefaceSource = new Uint8Array(readFileSync(blazefaceFile));

/** The same numbers on every run. */
function randomFloats(count: number, low: number, high: number): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + (high - low) * (state / 2 ** 32);
  });
}

async function outputsOf(model: Uint8Array, dims: number[], data: Float32Array): Promise<Map<string, Float32Array>> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const results = await session.run({ [session.inputNames[0]]: new Tensor('float32', data, dims) });
  const outputs = new Map(Object.entries(results).map(([name, value]) => [name, value.data as Float32Array]));
  await session.release();
  return outputs;
}

function maxDifference(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  expect([...a.keys()]).toEqual([...b.keys()]);
  let worst = 0;
  for (const [name, values] of a) {
    const others = b.get(name)!;
    expect(values.length).toBe(others.length);
    values.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - others[i]));
    });
  }
  return worst;
}

/** `model` after one change of its graph. */
function edited(model: Uint8Array, edit: (graph: Graph) => void): Uint8Array {
  const copy = readModel(model);
  edit(copy.graph);
  return writeModel(copy);
}

const side = 256;
const picture = side * side * 3;
const count = 3;
const nhwc = randomFloats(count * picture, -1, 1);

/** Outputs of the unfixed model for each picture alone, joined. */
async function unfixedOutputs(): Promise<Map<string, Float32Array>> {
  const joined = new Map<string, Float32Array>();
  for (let i = 0; i < count; i++) {
    const one = await outputsOf(blazefaceSource, [1, side, side, 3], nhwc.subarray(i * picture, (i + 1) * picture));
    for (const [name, values] of one) {
      const all = joined.get(name) ?? new Float32Array(values.length * count);
      all.set(values, i * values.length);
      joined.set(name, all);
    }
  }
  return joined;
}

function toNchw(values: Float32Array): Float32Array {
  const result = new Float32Array(values.length);
  for (let n = 0; n < count; n++) {
    for (let p = 0; p < side * side; p++) {
      for (let c = 0; c < 3; c++) result[n * picture + c * side * side + p] = values[n * picture + p * 3 + c];
    }
  }
  return result;
}

describe('graph fixes of BlazeFace against the unfixed file', () => {
  let unfixed: Map<string, Float32Array>;
  beforeAll(async () => {
    unfixed = await unfixedOutputs();
  });

  test('reading and writing a file changes nothing', async () => {
    const copy = writeModel(readModel(blazefaceSource));
    assert.deepStrictEqual(readModel(copy), readModel(blazefaceSource)); // vitest's toEqual takes seconds
    const one = nhwc.subarray(0, picture);
    const outputs = await outputsOf(copy, [1, side, side, 3], one);
    expect(maxDifference(outputs, await outputsOf(blazefaceSource, [1, side, side, 3], one))).toBe(0);
  });

  test('the unfixed file refuses a batch', async () => {
    await expect(outputsOf(blazefaceSource, [count, side, side, 3], nhwc)).rejects.toThrow(/invalid dimensions/i);
  });

  test('dynamic batch is bit-identical', async () => {
    const fixed = edited(blazefaceSource, dynamicBatch);
    expect(maxDifference(await outputsOf(fixed, [count, side, side, 3], nhwc), unfixed)).toBe(0);
  });

  test('NCHW input is bit-identical', async () => {
    const fixed = edited(edited(blazefaceSource, dynamicBatch), nchwInput);
    expect(maxDifference(await outputsOf(fixed, [count, 3, side, side], toNchw(nhwc)), unfixed)).toBe(0);
  });

  test('channel padding stays within 1e-3', async () => {
    const fixed = edited(edited(blazefaceSource, dynamicBatch), (graph) => padChannels(graph, 24, 32));
    expect(maxDifference(await outputsOf(fixed, [count, side, side, 3], nhwc), unfixed)).toBeLessThan(1e-3);
  });

  test('fixModel applies all three, notes them and the source, and finds nothing left to do', () => {
    const { bytes, fixes, skipped } = fixModel(blazefaceSource, 16);
    expect(fixes).toEqual(['dynamic-batch', 'nchw-input', 'pad-channels-24-32']);
    expect(skipped).toEqual([]);
    const model = readModel(bytes);
    expect(getMetadata(model, 'framepath.fixes')).toBe('dynamic-batch,nchw-input,pad-channels-24-32');
    expect(getMetadata(model, 'framepath.source.sha256')).toBe(sha256(blazefaceSource));
    const again = fixModel(bytes, 16);
    expect(again.fixes).toEqual([]);
    expect(again.bytes).toBe(bytes);
  });

  test('fixModel leaves channels alone that fill the vectors', () => {
    const { fixes, skipped } = fixModel(blazefaceSource, 8);
    expect(fixes).toEqual(['dynamic-batch', 'nchw-input']);
    expect(skipped).toEqual([]);
  });
});

describe('fixModel on other files', () => {
  test('bytes that are not ONNX are refused with MODEL_INVALID', () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('not a model'), new Uint8Array(1000)]) {
      expect(() => fixModel(bytes, 16)).toThrow(OnnxFormatError);
    }
    expect(() => fixModel(blazefaceSource.subarray(0, 1000), 16)).toThrow(/runs past the end/);
  });

  test('a damaged file is refused or read, never a crash', () => {
    const intact = writeModel(readModel(blazefaceSource)); // its nodes come first
    const places = randomFloats(120, 0, 24_000);
    const values = randomFloats(120, 0, 256);
    for (let i = 0; i < 60; i++) {
      const damaged = new Uint8Array(intact);
      damaged[Math.floor(places[2 * i])] = values[2 * i];
      damaged[Math.floor(places[2 * i + 1])] = values[2 * i + 1];
      try {
        fixModel(damaged, 16);
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxFormatError);
      }
    }
  });

  test('a graph with an operator that may mix pictures keeps its batch', () => {
    const model = readModel(blazefaceSource);
    model.graph.node.find((node) => node.opType === 'Relu')!.opType = 'NonMaxSuppression';
    const { fixes, skipped } = fixModel(writeModel(model), 16);
    expect(fixes).toEqual(['nchw-input']);
    expect(skipped.find(({ fix }) => fix === 'dynamic-batch')?.reason).toMatch(/NonMaxSuppression/);
  });

  test('weights shared between two nodes are not widened', () => {
    const model = readModel(edited(blazefaceSource, dynamicBatch));
    const [first, second] = model.graph.node.filter((node) => node.opType === 'Conv' && node.input.length === 3);
    second.input[2] = first.input[2];
    expect(() => padChannels(model.graph, 24, 32)).toThrow(NotFixable);
  });
});

describe('generated models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-models-'));
  beforeAll(() => {
    generateModels(sources, folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const load = (name: string) => readFileSync(join(folder, `${name}.onnx`));

  test.each(registry)('$name carries its spec, licence and source', ({ name, spec, licence, source }) => {
    const model = readModel(load(name));
    for (const [key, value] of Object.entries(spec)) expect(getMetadata(model, key)).toBe(value);
    expect(getMetadata(model, 'framepath.licence')).toBe(licence);
    expect(readFileSync(join(folder, 'NOTICE'), 'utf8')).toContain(source);
  });

  test('generating twice gives the same bytes', () => {
    const before = registry.map(({ name }) => sha256(load(name)));
    generateModels(sources, folder);
    expect(registry.map(({ name }) => sha256(load(name)))).toEqual(before);
  });

  test('blazeface agrees with the shipped file within 1e-3, any batch', async () => {
    const outputs = await outputsOf(load('blazeface'), [count, 3, side, side], toNchw(nhwc));
    expect(maxDifference(outputs, await unfixedOutputs())).toBeLessThan(1e-3);
  });

  test('a print does not depend on the batch it is computed in', async () => {
    const faces = randomFloats(2 * 3 * 150 * 150, 0, 255);
    const both = (await outputsOf(load('face-recognition'), [2, 3, 150, 150], faces)).get('embedding')!;
    const second = await outputsOf(load('face-recognition'), [1, 3, 150, 150], faces.subarray(faces.length / 2));
    expect(both.length).toBe(256);
    expect(maxDifference(second, new Map([['embedding', both.subarray(128)]]))).toBeLessThan(1e-5);
  });

  const reference = join(process.env.FRAMEPATH_EVAL_DATA ?? '../shared/eval', 'models/face-api-recognition.onnx');
  test.skipIf(!existsSync(reference))(`face-recognition reproduces ${reference} to 1e-4`, async () => {
    const faces = randomFloats(2 * 3 * 150 * 150, 0, 255);
    const ours = await outputsOf(load('face-recognition'), [2, 3, 150, 150], faces);
    expect(maxDifference(ours, await outputsOf(readFileSync(reference), [2, 3, 150, 150], faces))).toBeLessThan(1e-4);
  });
});

test('face-api weights are read as they are stored', () => {
  const weights = readManifest(join(sources.faceApi, 'model/face_recognition_model-weights_manifest.json'));
  expect(weights.get('fc')?.shape).toEqual([256, 128]);
  expect(dequantize({ shape: [2], data: new Uint8Array([0, 2]), scale: 0.5, offset: -1 })).toEqual(
    new Float32Array([-1, 0]),
  );
});
