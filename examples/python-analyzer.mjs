// An analyzer in Python: the brightness of every face. The second argument is the folder of a venv, or an interpreter.
import { analyzer, detect, pipeline, video } from 'framepath';

const [file = 'demo/left.mp4', python = 'python3'] = process.argv.slice(2);

const run = await pipeline(video(file, { endMs: 4000 }))
  .use(detect('faces', 'blazeface'))
  .use(analyzer(new URL('./analyzers/lit.py', import.meta.url), { name: 'lit', isolation: { python } }))
  .start();
try {
  for await (const { index, timeMs, lit } of run) if (index % 25 === 0) console.log(`${timeMs} ms`, lit);
} finally {
  await run.close();
}
