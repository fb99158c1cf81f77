// Re-identification: who is visible when, over all files, with the time spans of each identity.
import { detect, identify, pipeline, track, video } from 'framepath';

const files = process.argv.length > 2 ? process.argv.slice(2) : ['demo/left.mp4', 'demo/right.mp4'];

const run = await pipeline(...files.map((file) => video(file)))
  .use(detect('faces', 'blazeface', { stride: 2 }))
  .use(track('tracks', { of: 'faces' }))
  .use(identify('people', { of: 'tracks', model: 'face-recognition' }))
  .start();
try {
  for await (const frame of run) {
    if (frame.index % 250 === 0)
      console.log(`${files[Number(frame.source)]} at ${frame.timeMs} ms: ${frame.people.length} people`);
  }
  for (const { id, spans } of (await run.timeline()).identities) {
    console.log(`person ${id}`);
    for (const { source, startMs, endMs } of spans)
      console.log(`  ${files[Number(source)]}: ${startMs / 1000} s to ${endMs / 1000} s`);
  }
} finally {
  await run.close();
}
