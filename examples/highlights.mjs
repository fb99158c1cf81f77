// Highlight detection: events from emotions of faces and from motion, as JSON; with a folder also a clip of each event.
// Emotions need a model that is generated once: framepath models add emotion. Without it only motion is used.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyzer, classify, detect, pipeline, track, video } from 'framepath';

const [file = 'demo/left.mp4', out = 'highlights.json', clips] = process.argv.slice(2);
const analyzers = (name) => new URL(`./analyzers/${name}.js`, import.meta.url);

function start(emotion) {
  return pipeline(video(file))
    .use(detect('faces', 'blazeface', { stride: 2 }))
    .use(track('tracks', { of: 'faces' }))
    .use(emotion)
    .use(analyzer(analyzers('movement'), { isolation: 'thread' }))
    .use(analyzer(analyzers('highlights'), { name: 'highlights' }))
    .start();
}

const run = await start(classify('emotion', { of: 'tracks', model: 'emotion', smooth: 0.7, every: 3 })).catch(
  (error) => {
    if (error.code !== 'MODEL_NOT_FOUND') throw error;
    console.log(`Without emotions: ${error.message}`);
    return start(analyzer({ name: 'emotion', analyze: () => [] }));
  },
);

const events = [];
let open;
try {
  for await (const { highlights } of run) {
    open = highlights.open;
    if (highlights.ended) events.push(highlights.ended);
  }
  if (open) events.push(open); // lasted until the last frame
} finally {
  await run.close();
}
writeFileSync(out, `${JSON.stringify(events, null, 2)}\n`);
for (const { startMs, endMs, peak, feelings } of events)
  console.log(`${startMs / 1000} s to ${endMs / 1000} s: ${peak.toFixed(2)} ${feelings.join(', ')}`);
console.log(`${out}: ${events.length} highlights`);

if (clips) {
  mkdirSync(clips, { recursive: true });
  for (const [i, { startMs, endMs }] of events.entries()) {
    const cut = await pipeline(video(file, { startMs: Math.max(0, startMs - 500), endMs: endMs + 500 }))
      .encode(join(clips, `highlight-${i + 1}.mp4`))
      .start();
    await cut.done.finally(() => cut.close());
  }
}
