// BlazeFace through onnxruntime-node, as published: [1, 256, 256, 3], one picture a run.
import ort from 'onnxruntime-node';
import { blackInput, decode, side } from './blazeface.mjs';

/**
 * Loads and warms up the model. One thread without spinning partners: two threads (the default here) cost more CPU than
 * they save time (measured: 91 instead of 122 frames/s behind the ffmpeg pipe).
 */
export async function openDetector(model) {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const input = blackInput();
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', input, [1, side, side, 3]) };
  await session.run(feeds);
  return {
    /** fill this, then call detect; it must not change before detect has resolved */
    input,
    detect: async (box) => decode(await session.run(feeds), box),
  };
}

export const runtimeVersion = ort.env.versions.node ?? ort.env.versions.common;
