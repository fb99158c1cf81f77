// Pipeline A with node-av: libav bound to Node, decoding and scaling on libuv's threads, the model in a worker thread.
// Decoding of the next frame, scaling of this one and inference of those before overlap.   node node-av.mjs JOB
import { runtimeVersion } from './infer.mjs';
import { report, Window, writeDetections } from './measure.mjs';
import { nodeAvVersions, openSource } from './node-av-source.mjs';
import { openPool } from './pool.mjs';

const job = JSON.parse(process.argv[2]);
const source = await openSource(job.clips[0], job.threads ?? 2);
const pool = await openPool({ model: job.model, boxes: [source.box] });

const window = new Window();
const results = [];
let scaling;

async function detect(frame) {
  await pool.hasRoom();
  const pixels = await source.shrink(frame);
  frame.free();
  results.push(
    pool.detect(pixels).then((found) => {
      window.result();
      return found;
    }),
  );
}

for await (const frame of source.frames()) {
  await scaling;
  scaling = detect(frame);
}
await scaling;
const frames = await Promise.all(results);
const measured = window.close();

writeDetections(job.detections, frames);
await Promise.all([pool.close(), source.close()]);
report(job, { frames: frames.length, ...measured }, { ...nodeAvVersions, onnxruntime: runtimeVersion });
