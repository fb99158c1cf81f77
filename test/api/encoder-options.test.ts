/** GOP, B-frames, latency, and what is the default where a source is live. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EncodeOptions, pipeline, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';

const folder = folderFor('encoder-options');
const clip = noAddon === undefined ? patternClip(join(folder, 'clip.mp4')) : '';

/** Times of the packets in decode order, and which are keyframes. */
async function packetsOf(options: EncodeOptions, live = false) {
  const run = await pipeline(video(clip, { live }))
    .encode(null, { profile: 'balanced', ...options })
    .start();
  const list: { ptsUs: number; dtsUs: number; keyframe: boolean }[] = [];
  for await (const { ptsUs, dtsUs, keyframe } of run.packets()) list.push({ ptsUs, dtsUs, keyframe });
  await run.close();
  return list;
}

const reordered = (packets: { ptsUs: number; dtsUs: number }[]) =>
  packets.some(({ ptsUs }, n) => n > 0 && ptsUs < packets[n - 1]!.ptsUs);

describe.skipIf(noAddon !== undefined)('an encoder', () => {
  test('puts keyframes no further apart than asked for', async () => {
    const times = (await packetsOf({ keyframeIntervalMs: 400 })).filter(({ keyframe }) => keyframe);
    expect(times.length).toBeGreaterThan(4);
    for (const [n, { ptsUs }] of times.entries())
      if (n > 0) expect(ptsUs - times[n - 1]!.ptsUs).toBeLessThanOrEqual(400_000);
  });

  test('reorders pictures of a file, but not with bFrames: 0, low latency or a live source', async () => {
    expect(reordered(await packetsOf({}))).toBe(true);
    expect(reordered(await packetsOf({ bFrames: 0 }))).toBe(false);
    expect(reordered(await packetsOf({ latency: 'low' }))).toBe(false);
    expect(reordered(await packetsOf({}, true))).toBe(false);
    expect(reordered(await packetsOf({ latency: 'normal' }, true))).toBe(true);
    expect(reordered(await packetsOf({ bFrames: 2 }, true))).toBe(true);
  });

  test('refuses B-frames with low latency', async () => {
    const run = pipeline(video(clip)).encode(null, { bFrames: 2, latency: 'low' }).start();
    await expect(run).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/B-frames/) });
  });
});

test.skipIf(noAddon !== undefined)('HLS keeps a window of segments, which begin at keyframes', async () => {
  const path = join(folder, 'live.m3u8');
  const run = await pipeline(video(clip)).encode(path, { segmentMs: 200, windowSegments: 2 }).start();
  await run.done;
  await run.close();
  const playlist = readFileSync(path, 'utf8');
  expect(playlist.match(/#EXTINF:0\.2/g)).toHaveLength(2);
  expect(readdirSync(folder).filter((name) => name.endsWith('.ts')).length).toBeLessThan(6);
});
