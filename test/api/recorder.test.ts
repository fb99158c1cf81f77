/** Clips of live sources around an event, from the packets as they came. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { camera, pipeline, video } from '../../src/index.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { into, LiveClip, refused } from './live-clip.js';
import { closed, sleep, within } from './outcomes.js';
import { endPeers, freePort, until } from './peers.js';

let folder: string;
let live: LiveClip;

beforeAll(() => {
  folder = folderFor('recorder');
  live = new LiveClip(folder);
}, 60_000);
afterEach(endPeers);

describe.skipIf(noAddon !== undefined)('run.record()', () => {
  test('writes what came before and after the call, as it came, into every container; recordings overlap', async () => {
    const { run } = await live.recorded();
    await until('pictures', async () => (await into(run)) > 0);
    await sleep(1700); // the first ones come at once, and count from when they came
    const asked = ['a.mp4', 'b.mkv', 'c.ts'].map((name, i) =>
      run.record('door', join(folder, name), { preMs: 1000 - i * 300, postMs: 200 + i * 200 }),
    );
    await sleep(300);
    const later = run.record('door', join(folder, 'later.mov'), { postMs: 0 });
    const clips = await within(20_000, Promise.all([...asked, later]), 'the recordings');
    for (const [i, { path, frames, durationMs, preMs, ...rest }] of clips.entries()) {
      expect(rest).toMatchObject({ source: 'door', gaps: 0, dropped: 0, hasAudio: true, complete: true });
      expect(rest.error).toBeUndefined();
      const wanted = i === 3 ? 1000 : 1000 - i * 300;
      expect(preMs).toBeGreaterThanOrEqual(wanted - 50);
      expect(preMs).toBeLessThan(wanted + 900); // a group of pictures, and how the stream comes
      expect(durationMs).toBe(frames * 40);
      const post = i === 3 ? 0 : 200 + i * 200;
      expect(durationMs).toBeGreaterThan(wanted + post - 400);
      expect(durationMs).toBeLessThan(wanted + post + 1200);
      live.expectPart(path, frames);
      expect(decoded(path).audio).toBe(true);
    }
    expect(readdirSync(folder).filter((name) => name.includes('.part.'))).toEqual([]);
    const { recordings } = await closed(run);
    expect(recordings.map(({ path }) => path).sort()).toEqual(clips.map(({ path }) => path).sort());
  });

  test('is refused with a code: unknown source, no recorder, more than is kept, unwritable, unfit', async () => {
    const { run } = await live.recorded();
    await until('pictures', async () => (await into(run)) > 20);
    const at = (name: string) => join(folder, name);
    writeFileSync(at('kept.mp4'), 'what was there');
    mkdirSync(at('folder.mp4'));
    const invalid = { code: 'INVALID_ARGUMENT' };
    expect(await refused(run.record('dor', at('x.mp4')))).toMatchObject(invalid);
    expect(await refused(run.record('door', at('x.mp4'), { preMs: 2000 }))).toMatchObject({
      ...invalid,
      source: undefined,
      message: expect.stringContaining('at most 1000'),
      hint: expect.stringContaining('preMs: 2000'),
    });
    expect(await refused(run.record('door', at('x.mp4'), { postMs: -1 }))).toMatchObject(invalid);
    expect(await refused(run.record('door', at('x.webm')))).toMatchObject(invalid);
    expect(await refused(run.record('door', at('x.m3u8')))).toMatchObject(invalid);
    expect(await refused(run.record('door', 'udp://127.0.0.1:1'))).toMatchObject(invalid);
    const unwritable = { code: 'OUTPUT_UNWRITABLE', source: 'door' };
    expect(await refused(run.record('door', '/nowhere/x.mp4'))).toMatchObject(unwritable);
    expect(readFileSync(at('kept.mp4'), 'utf8')).toBe('what was there');
    const { recordings } = await closed(run);
    expect(recordings.map(({ path, error }) => [path, error?.code])).toEqual([
      [at('x.webm'), 'INVALID_ARGUMENT'],
      [at('x.m3u8'), 'INVALID_ARGUMENT'],
      ['udp://127.0.0.1:1', 'INVALID_ARGUMENT'],
      ['/nowhere/x.mp4', 'OUTPUT_UNWRITABLE'],
    ]);

    const plain = await live.recorded({});
    const none = await refused(plain.run.record('door', at('x.mp4')));
    expect(none).toMatchObject({ ...invalid, hint: expect.stringContaining('recorder') });
    await closed(plain.run);
  });

  test('has no file where nothing came', async () => {
    const down = camera(`tcp://127.0.0.1:${await freePort()}`, { id: 'down', recorder: {} });
    const run = await pipeline(down).start();
    run.done.catch(() => undefined);
    const path = join(folder, 'nothing.mp4');
    expect(await refused(run.record('down', path, { postMs: 100 }))).toMatchObject({
      code: 'OUTPUT_FAILED',
      source: 'down',
    });
    expect(existsSync(path)).toBe(false);
    const { recordings } = await closed(run);
    expect(recordings).toMatchObject([{ source: 'down', path, frames: 0, error: { code: 'OUTPUT_FAILED' } }]);
  });

  test('start() refuses a recorder of a file, and of a source in a process of its own', async () => {
    const file = await refused(pipeline(video(live.path, { recorder: {} })).start());
    expect(file).toMatchObject({ code: 'INVALID_ARGUMENT', source: '0', hint: expect.stringContaining('startMs') });
    const isolated = camera('tcp://127.0.0.1:1', { recorder: {}, limits: { isolation: 'process' } });
    expect(await refused(pipeline(isolated).start())).toMatchObject({ code: 'INVALID_ARGUMENT', source: '0' });
    expect(() => camera('tcp://127.0.0.1:1', { recorder: { preMs: -1 } })).toThrow(/recorder.preMs/);
  });
});
