// A model through onnxruntime-node with the CUDA provider and tensors on the host: no IO binding. Its job is argv[2]:
// {model, batch, seconds, device}. Writes {provider, modelMs}, the median of a run, both copies included.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { median } from '../../../bench/runner.mjs';

const { model, batch, seconds, device } = JSON.parse(process.argv[2]);
const session = await InferenceSession.create(model, {
  executionProviders: [{ name: 'cuda', deviceId: device }],
  logSeverityLevel: 3,
});
const [input] = session.inputNames;
const { shape } = session.inputMetadata[0];
const dims = shape.map((size, i) => (typeof size === 'number' && size > 0 ? size : i === 0 ? batch : 1));
const data = new Float32Array(dims.reduce((a, b) => a * b)).map((_, i) => Math.sin(i));
const feeds = { [input]: new Tensor('float32', data, dims) };
const runMs = async () => {
  const begun = performance.now();
  await session.run(feeds);
  return performance.now() - begun;
};
for (let i = 0; i < 20; i++) await runMs();
const times = [];
for (let spent = 0; spent < seconds * 1000; spent += times.at(-1)) times.push(await runMs());
process.stdout.write(`${JSON.stringify({ provider: 'cuda', batch: dims[0], modelMs: median(times) })}\n`);
