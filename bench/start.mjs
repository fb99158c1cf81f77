// Time from start() to the first result: in a fresh process, where the libraries are loaded first, and again
// in the same process. Writes {coldMs, warmMs}.
import { detect, pipeline, video } from '../lib/index.js';

const { clip } = JSON.parse(process.argv[2]);

async function firstResultMs() {
  const begun = performance.now();
  const run = await pipeline(video(clip, { endMs: 2000 }))
    .use(detect('faces', 'blazeface'))
    .start();
  try {
    for await (const _ of run) return performance.now() - begun;
  } finally {
    await run.close();
  }
}

const coldMs = await firstResultMs();
const warm = [await firstResultMs(), await firstResultMs(), await firstResultMs()].sort((a, b) => a - b);
process.stdout.write(`${JSON.stringify({ coldMs, warmMs: warm[1] })}\n`);
