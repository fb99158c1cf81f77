// One thread of pool.mjs: pictures in, detections out, in order.
import { parentPort, workerData } from 'node:worker_threads';
import { normalise, side } from './blazeface.mjs';
import { openDetector } from './infer.mjs';

const { model, boxes } = workerData;
const detector = await openDetector(model);
let last = Promise.resolve();

async function answer({ pixels, source }) {
  const box = boxes[source];
  for (let row = 0; row < box.height; row++) {
    const from = row * box.width * 3;
    normalise(detector.input, pixels.subarray(from, from + box.width * 3), ((box.y + row) * side + box.x) * 3);
  }
  parentPort.postMessage(await detector.detect(box));
}

parentPort.on('message', (picture) => {
  last = last.then(() => answer(picture)); // the input is shared: one at a time
});
parentPort.postMessage('ready');
