// BlazeFace in worker threads: onnxruntime-node's run() blocks the event loop of the thread that calls it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Starts `count` threads, each with a session of one thread; resolves when their models are warm. */
export async function openPool({ model, boxes, count = 1, depth = 4 }) {
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./pool-worker.mjs', import.meta.url), { workerData: { model, boxes } });
    return { worker, waiting: [] };
  });
  const waitingForRoom = [];
  for (const each of workers) {
    const [ready] = await once(each.worker, 'message');
    if (ready !== 'ready') throw new Error(`expected ready but received ${JSON.stringify(ready)}`);
    each.worker.on('message', (found) => {
      each.waiting.shift()(found);
      for (const wake of waitingForRoom.splice(0)) wake();
    });
    each.worker.on('error', (error) => {
      throw error;
    });
  }
  const idlest = () => workers.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));

  return {
    /** Resolves when a picture may be given. */
    async hasRoom() {
      while (idlest().waiting.length >= depth) await new Promise((resolve) => waitingForRoom.push(resolve));
    },
    /** Detections of an RGB picture, whose memory is given away. `source`: which of `boxes` it was scaled by. */
    detect(pixels, source = 0) {
      const { worker, waiting } = idlest();
      worker.postMessage({ pixels, source }, [pixels.buffer]);
      return new Promise((resolve) => waiting.push(resolve));
    },
    close: () => Promise.all(workers.map(({ worker }) => worker.terminate())),
  };
}
