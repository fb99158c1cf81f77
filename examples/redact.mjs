// Redaction: the same video with every face pixelated.
import { detect, grid, pipeline, track, video } from 'framepath';

const [file = 'demo/left.mp4', out = 'redacted.mp4'] = process.argv.slice(2);

const run = await pipeline(video(file))
  .use(detect('faces', 'blazeface', { scoreThreshold: 0.3 }))
  .use(track('tracks', { of: 'faces' }))
  .compose(grid({ tiles: [0], width: 1280, height: 720, redact: { of: 'tracks', kind: 'pixelate', margin: 0.3 } }))
  .encode(out)
  .start();
try {
  await run.done;
  console.log(`${out}: ${(await run.report()).outputs[0].frames} frames`);
} finally {
  await run.close();
}
