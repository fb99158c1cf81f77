// Redacts every face but one: an analyzer selects whom to hide. A face stays hidden until its identity is known.
import { analyzer, detect, grid, identify, pipeline, track, video } from 'framepath';

const [file = 'demo/left.mp4', out = 'redacted-except.mp4', visible = '1'] = process.argv.slice(2);

const people = identify('people', { of: 'tracks', model: 'face-recognition' });
const hidden = analyzer({
  name: 'hidden',
  depends: [people],
  // A layout can redact the boxes of any module: here `people` without the one who consented.
  analyze: (_, deps) => deps.people.filter(({ id }) => id !== Number(visible)),
});

const run = await pipeline(video(file))
  .use(detect('faces', 'blazeface', { scoreThreshold: 0.3 }))
  .use(track('tracks', { of: 'faces' }))
  .use(people)
  .use(hidden)
  .compose(grid({ tiles: [0], width: 1280, height: 720, redact: { of: 'hidden', kind: 'pixelate', margin: 0.3 } }))
  .encode(out)
  .start();
try {
  const faces = { hidden: 0, visible: 0 };
  for await (const frame of run) {
    faces.hidden += frame.hidden.length;
    faces.visible += frame.people.length - frame.hidden.length;
  }
  console.log(`${out}: ${faces.hidden} faces hidden, ${faces.visible} visible`);
} finally {
  await run.close();
}
