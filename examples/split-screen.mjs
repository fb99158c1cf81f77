// A split screen of two videos: each half follows the main person of its video.
import { detect, follow, identify, pipeline, split, track, video } from 'framepath';

const [left = 'demo/left.mp4', right = 'demo/right.mp4', out = 'split-screen.mp4'] = process.argv.slice(2);

const run = await pipeline(video(left), video(right))
  .use(detect('faces', 'blazeface'))
  .use(track('tracks', { of: 'faces' }))
  .use(identify('people', { of: 'tracks', model: 'face-recognition' }))
  .compose(split({ left: follow('people', { source: 0 }), right: follow('people', { source: 1 }) }))
  .encode(out, { profile: 'balanced', audio: 'mix' })
  .start();
try {
  await run.done; // no iteration: only the output file is needed
  console.table((await run.report()).outputs);
} finally {
  await run.close();
}
