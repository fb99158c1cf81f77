/** Untrusted sources: read by processes of their own, which may crash. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { grid, images, pipeline, probe, video } from '../../src/index.js';
import { decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('untrusted');
  clip = patternClip(join(folder, 'clip.mp4'));
}, 60_000);

const limits = 'untrusted' as const;

/** Processes that read sources: children of the child that forks them. */
function readers(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  return [...parents].filter(([, parent]) => parents.get(parent) === process.pid).map(([pid]) => pid);
}

async function noneLeft(): Promise<void> {
  for (let i = 0; i < 150 && readers().length > 0; i++) await sleep(10);
  expect(readers()).toEqual([]);
}

describe.skipIf(noAddon !== undefined)('an untrusted source', () => {
  test('is probed as others are', async () => {
    expect(await probe(clip, { limits })).toEqual(await probe(clip));
    await expect(probe(join(folder, 'missing.mp4'), { limits })).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await noneLeft();
  });

  test('gives the same pictures at the same times', async () => {
    const all = async (how: { limits?: typeof limits }) => {
      await using run = await pipeline(video(clip, { startMs: 400, stride: 3, ...how }))
        .keepPixels()
        .start();
      const seen: unknown[] = [];
      for await (const frame of run)
        seen.push([
          frame.timeMs,
          frame.index,
          frame.width,
          frame.height,
          createHash('sha256').update(frame.pixels().data).digest('hex'),
        ]);
      return seen;
    };
    const seen = await all({ limits });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen).toEqual(await all({}));
  });

  test('sounds and shows in an output like any other', async () => {
    const out = join(folder, 'out.mp4');
    const run = await pipeline(video(clip, { limits }))
      .compose(grid({ width: 160, height: 120 }))
      .encode(out, { profile: 'realtime' })
      .start();
    await run.done;
    await closed(run);
    expect(decoded(out)).toMatchObject({ frames: 50 });
    expect((await probe(out)).audio).toMatchObject([{ codec: 'aac' }]);
    await noneLeft();
  });

  test('whose process crashes is lost with a code, and the other goes on', async () => {
    const run = await pipeline(video(clip, { id: 'good' }), video(clip, { id: 'bad', limits })).start();
    const seen: Record<string, number> = {};
    let killed = false;
    for await (const { source } of run) {
      if (!killed) for (const pid of readers()) killed = process.kill(pid, 'SIGSEGV');
      seen[source] = (seen[source] ?? 0) + 1;
    }
    const { sources } = await closed(run);
    expect(sources).toMatchObject([
      { id: 'good', delivered: 50 },
      { id: 'bad', error: { code: 'SOURCE_CRASHED' } },
    ]);
    expect(seen.good).toBe(50);
    await noneLeft();
  });

  test('is closed within two seconds while its process is stopped', async () => {
    const run = await pipeline(video(clip, { limits })).start();
    for await (const _ of run) {
      for (const pid of readers()) process.kill(pid, 'SIGSTOP');
      break;
    }
    const began = performance.now();
    await run.close();
    expect(performance.now() - began).toBeLessThan(2000);
    await noneLeft();
  });

  test('cannot reach out of its folder, and a playlist that libav crashes on is an error', async () => {
    const list = join(folder, 'evil.m3u8');
    writeFileSync(
      list,
      '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="a.m3u8"\n#EXTINF:1,\na.ts\n',
    );
    const code = await probe(list, { limits }).catch((error) => error.code);
    expect(['SOURCE_UNREADABLE', 'SOURCE_CRASHED', 'SOURCE_REFUSED']).toContain(code);
    writeFileSync(
      join(folder, 'up.m3u8'),
      '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n../outside.ts\n#EXT-X-ENDLIST\n',
    );
    await expect(probe(join(folder, 'up.m3u8'), { limits })).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
  });

  test('is not decoded by a GPU unless it is read in this process', async () => {
    const starting = pipeline(video(clip, { limits, decoder: 'hardware' })).start();
    await expect(starting).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      hint: expect.stringContaining("'inline'"),
    });
  });

  test('may be a picture, or a list of them', async () => {
    await using run = await pipeline(video(clip)).keepPixels().start();
    let picture: Buffer | Uint8Array | undefined;
    for await (const frame of run) picture ??= frame.jpeg();
    const path = join(folder, 'one.jpg');
    writeFileSync(path, picture!);
    await using list = await pipeline(images([path, path], { limits })).start();
    let frames = 0;
    for await (const _ of list) frames++;
    expect(frames).toBe(2);
  });
});
