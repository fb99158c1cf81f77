// Runs converted models with ONNX Runtime and compares their outputs; catches refusals.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { ModelError } from '../../src/model-error.js';
import { type Model, writeModel } from '../../src/onnx-proto.js';
import { permuted, type Values } from './reference.js';

/** Outputs by name; integers as they are. */
export async function outputsOf(model: Model | Uint8Array, input: Values): Promise<Record<string, Values>> {
  const bytes = model instanceof Uint8Array ? model : writeModel(model);
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const results = await session.run({ [session.inputNames[0]]: new Tensor('float32', input.data, input.dims) });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [
      name,
      { dims: [...dims], data: Float32Array.from(data as Iterable<number>) },
    ]),
  );
}

/** The first output for a picture given as NHWC. */
export async function resultOf(model: Model, picture: Values, layout: 'nchw' | 'nhwc' = 'nchw'): Promise<Values> {
  const given = picture.dims.length === 4 && layout === 'nchw' ? permuted(picture, [0, 3, 1, 2]) : picture;
  return Object.values(await outputsOf(model, given))[0];
}

export function expectClose(found: Values, wanted: Values, tolerance = 1e-5): void {
  expect(found.dims).toEqual(wanted.dims);
  let worst = 0;
  for (const [i, value] of wanted.data.entries()) worst = Math.max(worst, Math.abs(value - found.data[i]));
  expect(worst).toBeLessThan(tolerance);
}

/** What a conversion throws instead of converting. */
export function refusal(make: () => unknown): ModelError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  throw new Error('it was converted');
}
