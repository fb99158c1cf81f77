// From the moment a picture's last byte is sent to the moment its result is in JavaScript, at the pace of a camera.
import { camera, detect, pipeline } from '../../../lib/index.js';
import { serveLive } from './live-server.mjs';
import { decodedWhere } from './trials.mjs';

/** Opening prefetches: pictures that were sent by then, and this much after, do not count. */
const settleMs = 1000;
/** A picture without a result by then: the source has ended, or hangs. */
const patienceMs = 5000;

/** The fewest pictures for a result, and enough of them. */
const [least, most] = [20, 200];

/** The p-th part (0 to 1) of the values. */
function percentile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

/** Milliseconds of each picture, until there are `count` or the stream ends. */
async function latencies(run, server, count) {
  const found = [];
  const settledAt = performance.now() + settleMs;
  const frames = run[Symbol.asyncIterator]();
  const wait = async () => {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, patienceMs, { done: true });
    });
    const next = await Promise.race([frames.next(), late]);
    clearTimeout(timer);
    return next;
  };
  for (let next = await wait(); !next.done; next = await wait()) {
    const { timeMs } = next.value;
    const sentAt = server.sent.get(Math.round(timeMs));
    if (sentAt === undefined) throw new Error(`no picture was sent for time ${timeMs}`);
    if (sentAt > settledAt) found.push(performance.now() - sentAt);
    if (found.length === count || timeMs >= server.lengthMs - 100) break;
  }
  return found;
}

export async function run({ device, clips, quick }, { add, attempt }) {
  for (const on of quick ? [device] : [device, 'cpu'])
    await attempt(on, async () => {
      const server = await serveLive(clips.live, 5); // libraries of a GPU take seconds to load
      try {
        const live = await pipeline(camera(server.url, { id: 'live' }))
          .options({ device: on })
          .use(detect('faces', 'blazeface'))
          .start();
        let ms;
        try {
          ms = await latencies(live, server, quick ? least : most);
        } finally {
          await live.close();
        }
        if (ms.length < least) throw new Error(`only ${ms.length} pictures came after the first ${settleMs} ms`);
        const report = await live.report();
        const [source] = report.sources;
        const [p50, p99, max] = [0.5, 0.99, 1].map((p) => percentile(ms, p));
        add('rows', {
          device: on,
          pictures: ms.length,
          p50,
          p99,
          max,
          dropped: source.dropped,
          decodedOnGpu: decodedWhere([source]),
          copies: report.copies,
        });
      } finally {
        server.close();
      }
    });
}
