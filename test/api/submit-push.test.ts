/** Pixels that callers hand over: as many as the run holds, in order, and as they were when handed over. */
import { describe, expect, test } from 'vitest';
import { analyzer, frames, pipeline } from '../../src/index.js';
import { noAddon } from './clips.js';
import { closed, codeOf, sleep, within } from './outcomes.js';

describe.skipIf(noAddon !== undefined)('submit()', () => {
  test('rejects with BUSY beyond maxPending, and takes pictures again once others are answered', async () => {
    const slow = analyzer({ name: 'slow', stateless: true, analyze: () => sleep(100).then(() => 1) });
    const run = await pipeline().use(slow).options({ device: 'cpu', maxPending: 3 }).start();
    const picture = { data: new Uint8Array(16 * 16 * 3), width: 16, height: 16 };
    const three = [1, 2, 3].map(() => run.submit(picture));
    expect(await codeOf(run.submit(picture))).toBe('BUSY');
    await within(10_000, Promise.all(three), 'submit()');
    await within(10_000, run.submit(picture), 'submit()');
    await closed(run);
  });
});

describe.skipIf(noAddon !== undefined)('pushed frames', () => {
  test('may share one buffer of any size, and stay in order', async () => {
    const width = 640;
    const height = 480;
    async function* reusing() {
      const data = new Uint8Array(width * height * 3);
      for (let i = 0; i < 20; i++) {
        data.fill(i * 10);
        yield data;
      }
    }
    const shade = analyzer({
      name: 'shade',
      pixels: true,
      analyze: (frame) => {
        const { data } = frame.pixels({ width: 2, height: 2, format: 'rgb24' });
        return [...data].every((value) => value === data[0]) ? data[0] : -1;
      },
    });
    const run = await pipeline(frames(reusing(), { width, height })).use(shade).options({ device: 'cpu' }).start();
    const seen: unknown[] = [];
    for await (const frame of run) seen.push((frame as unknown as { shade: number }).shade);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i * 10));
    await closed(run);
  });

  test('may lie in memory that shrinks right after', async () => {
    const buffer = Reflect.construct(ArrayBuffer, [640 * 480 * 3, { maxByteLength: 640 * 480 * 3 }]) as ArrayBuffer;
    const data = new Uint8Array(buffer);
    const run = await pipeline(
      frames(
        {
          *[Symbol.iterator]() {
            setImmediate(() => (buffer as unknown as { resize(bytes: number): void }).resize(0));
            yield data;
          },
        },
        { width: 640, height: 480 },
      ),
    )
      .options({ device: 'cpu' })
      .start();
    await within(10_000, run.done, 'done');
    await closed(run);
  });
});
