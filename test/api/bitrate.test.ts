/** Bitrates: what was asked for, and what the report states about the result. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EncodeOptions, frames, pipeline, type Report } from '../../src/index.js';
import { folderFor, noAddon } from './clips.js';

const size = { width: 320, height: 180, fps: 25, format: 'gray8' as const };

/** Two seconds of a still gradient, two of noise. */
async function* film() {
  let random = 1;
  for (let n = 0; n < 100; n++) {
    const data = new Uint8Array(size.width * size.height);
    for (let i = 0; i < data.length; i++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      data[i] = n < 50 ? (i % size.width) >> 1 : random >>> 24;
    }
    yield data;
  }
}

async function encoded(
  options: EncodeOptions,
  path: string | null = join(folderFor('bitrate'), 'out.mp4'),
): Promise<Report> {
  const run = await pipeline(frames(film(), size)).encode(path, options).start();
  try {
    if (path === null) for await (const _ of run.packets());
    await run.done;
    return await run.report();
  } finally {
    await run.close();
  }
}

/** What follows a bitrate is one encoder's own: these two are of x264 and x265. */
const onGpu = process.env.FRAMEPATH_DEVICE?.startsWith('cuda') ?? false;

describe.skipIf(noAddon !== undefined)('the report has how the bitrate came about', () => {
  test.skipIf(onGpu)('of a range: where the target went, and how complex the pictures were', async () => {
    const { outputs, recoveries } = await encoded({ bitrate: { min: 200_000, max: 2_000_000 }, profile: 'realtime' });
    const { control, mean, target, complexity } = outputs[0]!.bitrate;
    expect(control).toBe('adaptive');
    expect(target).toMatchObject({ min: 200_000, max: 2_000_000 });
    expect(target!.mean).toBeGreaterThan(500_000);
    expect(target!.mean).toBeLessThan(1_500_000);
    expect(mean).toBeGreaterThan(500_000);
    expect(mean).toBeLessThan(1_500_000);
    expect(complexity).toBeGreaterThan(0.3);
    expect(complexity).toBeLessThan(0.7);
    expect(recoveries).toEqual([]);
  });

  test('of a number', async () => {
    const { outputs } = await encoded({ bitrate: 600_000, profile: 'realtime' });
    expect(outputs[0]!.bitrate).toEqual({
      control: 'constant',
      mean: expect.any(Number),
      target: { min: 600_000, mean: 600_000, max: 600_000 },
      complexity: null,
    });
  });

  test('of constant quality, packets only', async () => {
    const { outputs } = await encoded({ profile: 'realtime', packets: true }, null);
    expect(outputs[0]!.bitrate).toMatchObject({ control: 'quality', target: null, complexity: null });
    expect(outputs[0]!.bitrate.mean).toBeGreaterThan(1_000_000);
  });

  test.skipIf(onGpu)('of a range with an encoder that keeps its rate: a cap, listed among the recoveries', async () => {
    const path = join(folderFor('bitrate'), 'out.mkv');
    const options = { codec: 'hevc', bitrate: { min: 200_000, max: 1_000_000 }, profile: 'realtime' } as const;
    const { outputs, recoveries } = await encoded(options, path);
    expect(outputs[0]!.bitrate).toMatchObject({ control: 'capped', target: null, complexity: null });
    expect(outputs[0]!.bitrate.mean).toBeLessThan(1_000_000);
    expect(recoveries).toMatchObject([{ where: path, what: 'bitrate capped, not adapted' }]);
  });

  test.runIf(onGpu)('of a range with NVENC, which follows from one keyframe to the next', async () => {
    const path = join(folderFor('bitrate'), 'out.mkv');
    const options = { codec: 'hevc', bitrate: { min: 200_000, max: 2_000_000 }, profile: 'realtime' } as const;
    const { outputs, recoveries } = await encoded(options, path);
    const { control, target, complexity } = outputs[0]!.bitrate;
    expect(control).toBe('adaptive');
    expect(target!.mean).toBeGreaterThan(500_000);
    expect(target!.mean).toBeLessThan(1_500_000);
    expect(complexity).toBeGreaterThan(0.3);
    expect(complexity).toBeLessThan(0.7);
    expect(recoveries).toEqual([]);
  });
});
