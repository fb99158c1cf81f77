// A module of your own: what it depends on comes first, what it returns is typed on the frame.
import { analyzer, detect, pipeline, video } from 'framepath';

const [file = 'demo/left.mp4'] = process.argv.slice(2);

const faces = detect('faces', 'blazeface');
const brightness = analyzer({
  name: 'brightness',
  depends: [faces],
  pixels: true, // the frame is held until this has answered
  stride: 5, // every fifth frame, carried on between
  analyze(frame, deps) {
    const { data } = frame.pixels({ width: 64, height: 36, format: 'gray8' });
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    return { mean: Math.round(mean), faces: deps.faces.length };
  },
});

const run = await pipeline(video(file, { endMs: 4000 }))
  .use(faces)
  .use(brightness)
  .start();
try {
  for await (const frame of run) {
    if (frame.index % 25 === 0) console.log(`${frame.timeMs} ms`, frame.brightness);
  }
} finally {
  await run.close();
}
