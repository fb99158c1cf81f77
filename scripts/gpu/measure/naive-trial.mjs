// Decode and detect without residency: one run decodes, every picture is downloaded into JavaScript and given to a second
// run, which uploads and looks at it. Its job is argv[2]: {device, clip, endMs}. Writes {frames, fps, copies}.
import { detect, pipeline, video } from '../../../lib/index.js';

const { device, clip, endMs } = JSON.parse(process.argv[2]);
/** Pictures under way to the second run. */
const most = 8;

const decoding = await pipeline(video(clip, { endMs })).options({ device }).keepPixels().start();
const detecting = await pipeline().options({ device }).use(detect('faces', 'blazeface')).start();
const waiting = [];
let frames = 0;
const begun = performance.now();
try {
  for await (const frame of decoding) {
    if (waiting.length === most) await waiting.shift();
    waiting.push(detecting.submit(frame.pixels({ format: 'nv12' })));
    frames++;
  }
  await Promise.all(waiting);
} finally {
  await decoding.close();
  await detecting.close();
}
const seconds = (performance.now() - begun) / 1000;
const reports = [await decoding.report(), await detecting.report()];
const kinds = Object.keys(reports[0].copies);
const copies = Object.fromEntries(kinds.map((kind) => [kind, reports[0].copies[kind] + reports[1].copies[kind]]));
process.stdout.write(`${JSON.stringify({ frames, fps: frames / seconds, copies })}\n`);
