/** Several compositions in a run, several outputs of a composition, canvases as pixels. */
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { detect, grid, type Packet, pipeline, probe, type Run, single, split, video } from '../../src/index.js';
import { colorClip, complete, decoded, folderFor, noAddon, patternClip } from './clips.js';
import { closed, codeOf, within } from './outcomes.js';
import { flashClip } from './pictures.js';

let folder: string;
let clips: string[];
const at = (name: string) => join(folder, name);
/** Takes whatever is written as a full disk does. */
const full = (type: string) => {
  const path = at(`full.${type}`);
  if (!existsSync(path)) symlinkSync('/dev/full', path);
  return path;
};
const fast = { profile: 'realtime' } as const;

beforeAll(() => {
  folder = folderFor('several-outputs');
  clips = [
    patternClip(at('a.mp4'), { seconds: 2, size: '320x240' }),
    patternClip(at('b.mp4'), { seconds: 1, size: '160x120', fps: 30 }),
    colorClip(at('red.mp4'), 'red', { seconds: 1, size: '160x120' }),
    patternClip(at('d.mp4'), { seconds: 1, size: '128x96' }),
  ];
});

describe.skipIf(noAddon !== undefined)('several compositions', () => {
  test.skipIf(!complete)('make four files of four videos, each as it is, with one model', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    let description = pipeline(...clips.map((clip, i) => video(clip, { id: ids[i]! }))).use(
      detect('faces', 'blazeface'),
    );
    for (const id of ids)
      description = description.compose(single({ tile: id }), { name: id }).encode(at(`${id}-out.mp4`), fast);
    const run = await description.start();
    await within(60_000, run.done);
    const { outputs, models, stages } = await closed(run);
    expect(models).toHaveLength(1);
    expect(outputs).toMatchObject([
      { composition: 'a', width: 320, height: 240, frames: 50, durationMs: 2000, complete: true },
      { composition: 'b', width: 160, height: 120, frames: 30, durationMs: 1000, complete: true },
      { composition: 'c', width: 160, height: 120, frames: 25, durationMs: 1000, complete: true },
      { composition: 'd', width: 128, height: 96, frames: 25, durationMs: 1000, complete: true },
    ]);
    expect(outputs.map(({ path }) => decoded(path).frames)).toEqual([50, 30, 25, 25]);
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining(['compose a', `encode ${at('d-out.mp4')}`]));
  });

  test('end with their own sources; what each takes is named', async () => {
    const [long, short] = clips as [string, string];
    const run = await pipeline(video(long, { id: 'long' }), video(short, { id: 'short' }))
      .compose(split({ left: 'long', right: 'short', width: 320, height: 120 }), { name: 'both', canvases: true })
      .encode(null, fast)
      .compose(single({ tile: 'short', height: 60 }), { name: 'small' })
      .encode(null, { ...fast, name: 'small packets' })
      .start();
    const counted = async (values: AsyncIterable<unknown>) => {
      let count = 0;
      for await (const _ of values) count++;
      return count;
    };
    const counts = await Promise.all([
      counted(run.packets('packets')),
      counted(run.packets('small packets')),
      counted(run.canvases()),
    ]);
    expect(counts).toEqual([60, 30, 60]); // two seconds, and one, of 30 pictures
    expect(await codeOf(counted(run.packets()))).toBe('INVALID_ARGUMENT'); // of which?
    expect(await codeOf(counted(run.packets('nobody')))).toBe('INVALID_ARGUMENT');
    await run.done;
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([
      { name: 'packets', composition: 'both', width: 320, durationMs: 2000 },
      { name: 'small packets', composition: 'small', width: 80, height: 60, durationMs: 1000 },
    ]);
  });

  test('and outputs have names of their own, and a composition somebody who takes it', async () => {
    const source = video(clips[0]!);
    const refused = [
      pipeline(source).compose(single()).encode(at('x.mp4')).encode(at('x.mp4'), { codec: 'hevc' }),
      pipeline(source).compose(single(), { name: 'x' }).encode(null).compose(grid(), { name: 'x' }).encode(at('y.mp4')),
      pipeline(source).compose(single()).encode(at('z.mp4')).compose(grid()),
      pipeline(source).encode(at('z.mp4'), { name: 'z' }).encode(at('z.mp4')),
      pipeline(source).encode(at('z.mp4')).encode(at('link.mp4')),
      pipeline(source, video(clips[1]!, { id: 'other' }))
        .compose(single(), { sources: ['other'] })
        .encode(at('z.mp4')),
    ];
    symlinkSync(at('z.mp4'), at('link.mp4')); // of a file that does not exist yet
    for (const description of refused) expect(await codeOf(description.start())).toBe('INVALID_ARGUMENT');
    expect(() => pipeline(source).encode(at('x.mp4'), { width: 321 })).toThrow('Expected an even number for width');
  });
});

describe.skipIf(noAddon !== undefined)('compositions that hold different frames of a source', () => {
  // One at its times, the other at ticks between them.
  const described = (inFlight: number) =>
    pipeline(video(clips[0]!))
      .options({ inFlight })
      .compose(single(), { name: 'own times' })
      .encode(at('own.mkv'), fast)
      .compose(grid({ fps: 29 }), { name: 'ticks' })
      .encode(at('ticks.mkv'), fast);

  test('never wait for one another', async () => {
    const run = await described(5).start();
    await within(30_000, run.done);
    const { outputs } = await closed(run);
    expect(outputs.map(({ frames }) => frames)).toEqual([50, 58]);
  });

  test('need room for all of them', async () => {
    await expect(described(4).start()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('2 compositions hold up to 4 frames'),
      hint: 'Use inFlight of at least 5, or show it in fewer compositions.',
    });
  });
});

describe.skipIf(noAddon !== undefined)('outputs of a composition', () => {
  test('are a ladder of sizes, codecs and bitrates of the same canvases', async () => {
    const red = clips[2]!;
    const run = await pipeline(video(red))
      .encode(at('large.mp4'), fast)
      .encode(at('middle.mkv'), { ...fast, height: 60, codec: 'hevc' })
      .encode(at('wide.ts'), { ...fast, width: 64, height: 16, bitrate: 50_000 })
      .start();
    await within(30_000, run.done);
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([
      { width: 160, height: 120, codec: 'h264', frames: 25, complete: true },
      { width: 80, height: 60, codec: 'hevc', frames: 25, complete: true },
      { width: 64, height: 16, codec: 'h264', frames: 25, complete: true, bitrate: { control: 'constant' } },
    ]);
    for (const { path, width, height } of outputs) {
      expect(await probe(path)).toMatchObject({ width, height });
      expect(decoded(path).frames).toBe(25);
    }
  });

  test('that fail end alone, and are reported', async () => {
    const run = await pipeline(video(clips[0]!)).encode(full('ts'), fast).encode(at('whole.mp4'), fast).start();
    await within(30_000, run.done);
    const { outputs, recoveries } = await closed(run);
    expect(outputs).toMatchObject([
      { complete: false, error: { code: 'OUTPUT_DISK_FULL' } },
      { complete: true, frames: 50 },
    ]);
    expect(outputs[1]).not.toHaveProperty('error');
    expect(recoveries).toContainEqual(
      expect.objectContaining({ where: full('ts'), what: 'output lost, the others went on' }),
    );
    expect(decoded(at('whole.mp4')).frames).toBe(50);
  });

  test('end the run where one is required, and where all have failed', async () => {
    const source = () => video(clips[0]!);
    const required = await pipeline(source())
      .encode(full('ts'), { ...fast, required: true })
      .encode(at('other.mp4'), fast)
      .start();
    expect(await codeOf(required.done)).toBe('OUTPUT_DISK_FULL');
    expect((await closed(required)).outputs).toMatchObject([{ complete: false }, { complete: false }]);
    const all = await pipeline(source()).encode(full('ts'), fast).encode(full('mkv'), fast).start();
    expect(await codeOf(all.done)).toBe('OUTPUT_DISK_FULL');
    await closed(all);
  });
});

describe.skipIf(noAddon !== undefined)('packets', () => {
  /** A second of pictures and sound. */
  const heard = () => flashClip(at('heard.mp4'), { seconds: 1 });
  const taken = async (run: Run, output?: string) => {
    const packets: Packet[] = [];
    for await (const packet of run.packets(output)) packets.push(packet);
    await run.done;
    await closed(run);
    return {
      video: packets.filter(({ stream }) => stream === 'video'),
      audio: packets.filter(({ stream }) => stream === 'audio'),
    };
  };

  test('of an output are its pictures and its audio, with codecs and times', async () => {
    const out = at('heard-out.mkv');
    const { video: pictures, audio } = await taken(
      await pipeline(video(heard()))
        .encode(out, { ...fast, codec: 'hevc', packets: true })
        .start(),
    );
    expect(pictures.map(({ codec }) => codec)).toEqual(Array.from({ length: 25 }, () => 'hevc'));
    expect(new Set(audio.map(({ codec }) => codec))).toEqual(new Set(['aac']));
    const endMs = Math.max(...audio.map(({ ptsUs, durationUs }) => ptsUs + durationUs)) / 1000;
    expect(endMs).toBeGreaterThan(970);
    expect(endMs).toBeLessThan(1050);
    expect(audio.every(({ dtsUs }, i) => i === 0 || dtsUs > audio[i - 1]!.dtsUs)).toBe(true);
    const listed = execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'a', '-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', out]); // biome-ignore format: one command
    expect(audio).toHaveLength(Number(listed));
  });

  test('without a file have audio where it is asked for', async () => {
    const clip = heard();
    const silent = await taken(await pipeline(video(clip)).encode(null, fast).start());
    expect([silent.video.length, silent.audio.length]).toEqual([25, 0]);
    const { video: pictures, audio } = await taken(
      await pipeline(video(clip), video(clip))
        .compose(grid())
        .encode(null, { ...fast, audio: 'mix' })
        .start(),
    );
    expect(pictures).toHaveLength(25);
    expect(audio.length).toBeGreaterThan(45); // 1024 samples each
    expect(audio.length).toBeLessThan(52);
  });
});

describe.skipIf(noAddon !== undefined)('canvases', () => {
  test('come as pixels and as JPEG, in order, in the size that is asked for', async () => {
    const made = () => pipeline(video(clips[2]!)).compose(single(), { canvases: true });
    const run = await made().start();
    const seen: number[] = [];
    for await (const { index, timeMs, data, width, height, format } of run.canvases('0', { width: 40 })) {
      expect({ width, height, format, size: data.length }).toEqual({
        width: 40,
        height: 30,
        format: 'rgb24',
        size: 3600,
      });
      expect(timeMs).toBeCloseTo(index * 40, 3);
      const [red, green, blue] = data;
      expect(red).toBeGreaterThan(240);
      expect(Math.max(green!, blue!)).toBeLessThan(12);
      seen.push(index);
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i));
    await run.done;
    await closed(run);

    const pictures = await made().start();
    for await (const { data, format } of pictures.canvases(undefined, { format: 'jpeg', quality: 50 })) {
      expect(format).toBe('jpeg');
      expect([...data.subarray(0, 2)]).toEqual([0xff, 0xd8]);
      break;
    }
    await pictures.close(); // nobody takes the rest
    await closed(pictures);
  });

  test('have to be asked for', async () => {
    const run = await pipeline(video(clips[2]!)).encode(null, fast).start();
    expect(await codeOf(run.canvases().next())).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.canvases('0', { width: 0 }).next())).toBe('INVALID_ARGUMENT');
    await closed(run);
  });
});
