// Counts people with an analyzer in its own file. The isolation may be 'thread', 'process' or 'inline'.
import { analyzer, detect, pipeline, track, video } from 'framepath';

const [file = 'demo/left.mp4', isolation = 'thread'] = process.argv.slice(2);

const run = await pipeline(video(file, { endMs: 4000 }))
  .use(detect('faces', 'blazeface'))
  .use(track('tracks', { of: 'faces' }))
  .use(analyzer(new URL('./analyzers/people-counter.js', import.meta.url), { name: 'people', isolation }))
  .start();
try {
  let last;
  for await (const { timeMs, people } of run) {
    if (last?.now !== people.now) console.log(`${timeMs} ms: ${people.now} there, ${people.total} so far`);
    last = people;
  }
} finally {
  await run.close();
}
