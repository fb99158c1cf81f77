/** Kills hosts from outside while a run goes. */
import { expect } from 'vitest';
import { analyzer, pipeline, video } from '../../src/index.js';
import { moduleFile } from './analyzer-files.js';
import { closed } from './outcomes.js';

/** Plays `clip` while processes are killed, `kills` times in all; every frame and value must come. Returns the kills. */
export async function killed(clip: string, kills: number): Promise<number> {
  const run = await pipeline(video(clip))
    .use(analyzer({ name: 'steady', analyze: (frame) => frame.index }))
    .use(
      analyzer(moduleFile('faulty.js'), {
        name: 'faulty',
        isolation: 'process',
        instances: 2,
        retry: 50,
        restarts: kills * 3,
        backoffMs: 0,
      }),
    )
    .options({ inFlight: 2, resultQueue: 1 }) // kills follow one another, not hundreds of frames
    .start();
  let done = 0;
  let frames = 0;
  const dead = new Set<number>();
  for await (const frame of run) {
    const { index, host } = frame.faulty as { index: number; host: string };
    expect([frame.index, frame.steady, index]).toEqual([frames, frames, frames]);
    frames++;
    const pid = Number.parseInt(host, 10);
    if (done >= kills || dead.has(pid)) continue;
    dead.add(pid);
    process.kill(pid, 'SIGKILL');
    done++;
  }
  const report = await closed(run);
  expect(report.sources[0]).toMatchObject({ in: frames, delivered: frames });
  return done;
}
