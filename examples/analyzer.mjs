// A custom module: it reads the faces, and its return value is a typed property of the frame.
import { analyzer, detect, pipeline, video } from 'framepath';

const [file = 'demo/left.mp4'] = process.argv.slice(2);

const faces = detect('faces', 'blazeface');
const brightness = analyzer({
  name: 'brightness',
  depends: [faces],
  pixels: true, // the pixels are kept until analyze returns
  stride: 5, // analyses every fifth frame; its value is carried over to the frames between
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
