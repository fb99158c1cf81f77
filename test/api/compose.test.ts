/** Composition on the real engine: what is on the canvas, and when. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  focus,
  frames,
  grid,
  type Layout,
  layout,
  pipeline,
  type Report,
  type Source,
  split,
  video,
} from '../../src/index.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { beeps, colorClip, flashClip, flashes, type Pictures, pictures } from './pictures.js';

let folder: string;
let red: string;
let green: string;
let blueLong: string;

beforeAll(() => {
  folder = folderFor('compose');
  red = colorClip(join(folder, 'red.mp4'), 'red');
  green = colorClip(join(folder, 'green.mp4'), 'lime');
  blueLong = colorClip(join(folder, 'blue.mp4'), 'blue', { seconds: 2 });
}, 60_000);

const small = { width: 320, height: 180 };
let outputs = 0;
const newFile = () => join(folder, `out-${outputs++}.mp4`);

/** Composes to the end. */
async function composed(
  sources: Source[],
  how: Layout<never>,
  options: Parameters<ReturnType<typeof pipeline>['encode']>[1] = {},
): Promise<{ path: string; canvases: Pictures; report: Report }> {
  const path = newFile();
  const run = await pipeline(...sources)
    .compose(how)
    .encode(path, { profile: 'realtime', ...options })
    .start();
  try {
    await run.done;
    const report = await run.report();
    expect(report.live).toMatchObject({ leases: 0, encoders: 0 }); // over is free, before anybody closes it
    return { path, canvases: pictures(path), report };
  } finally {
    await run.close();
  }
}

const width = 160;
const height = 120;
const plain = (r: number, g: number, b: number) => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set([r, g, b], i);
  return data;
};

describe.skipIf(noAddon !== undefined)('layouts', () => {
  test('split: the halves side by side, with a gap and a background', async () => {
    const how = split({ left: 0, right: 1, ...small, gap: 5, background: '#ffff00' });
    const { canvases, path } = await composed([video(red), video(green)], how);
    expect(canvases.count).toBe(25);
    expect([0.1, 0.45, 0.55, 0.9].map((x) => canvases.name(12, x, 0.5))).toEqual(['red', 'red', 'green', 'green']);
    const gap = pictures(path, 320, 180);
    expect(gap.at(12, 0.5, 0.5)[2]).toBeLessThan(120);
    expect(gap.at(12, 0.5, 0.5)[0]).toBeGreaterThan(150);
    expect(gap.at(12, 0.5, 0.5)[1]).toBeGreaterThan(150);
  });

  test('focus: the first large, the others beside it', async () => {
    const { canvases } = await composed([video(red), video(green), video(blueLong)], focus(small));
    expect([canvases.name(5, 0.3, 0.5), canvases.name(5, 0.9, 0.2), canvases.name(5, 0.9, 0.8)]).toEqual([
      'red',
      'green',
      'blue',
    ]);
  });

  test('any rectangles, in front of each other and transparent', async () => {
    const how = layout({
      ...small,
      tiles: [
        { show: 0, rect: [0, 0, 320, 180] },
        { show: 1, rect: [160, 0, 320, 90], z: 2 },
        { show: 2, rect: [80, 0, 240, 180], z: 1, alpha: 0.5 },
      ],
    });
    const { canvases } = await composed([video(red), video(green), video(blueLong)], how);
    expect([canvases.name(5, 0.1, 0.5), canvases.name(5, 0.7, 0.2), canvases.name(5, 0.9, 0.9)]).toEqual([
      'red',
      'green',
      'red',
    ]);
    const [r, g, b] = canvases.at(5, 0.35, 0.8);
    expect(r).toBeGreaterThan(90);
    expect(r).toBeLessThan(165);
    expect(g).toBeLessThan(30);
    expect(b).toBeGreaterThan(90);
  });

  test('contain keeps the shape, stretch and cover fill the tile', async () => {
    const fits = (['contain', 'cover', 'stretch', 'center-crop'] as const).map((fit, i) => ({
      show: { source: 0, fit },
      rect: [80 * i, 0, 80 * i + 80, 180] as [number, number, number, number],
    }));
    const { canvases } = await composed([video(red)], layout({ ...small, tiles: fits }));
    expect([0, 1, 2, 3].map((i) => canvases.name(5, (i + 0.5) / 4, 0.05))).toEqual(['black', 'red', 'red', 'black']);
    expect([0, 1, 2, 3].map((i) => canvases.name(5, (i + 0.5) / 4, 0.5))).toEqual(['red', 'red', 'red', 'red']);
  });
});

describe.skipIf(noAddon !== undefined)('a source that ends', () => {
  const endings = [
    ['hold', ['red'], ['blue']],
    ['black', ['red', 'black'], ['blue']],
    ['placeholder', ['red', 'gray'], ['blue']],
    ['relayout', ['red', 'blue'], ['blue']],
  ] as const;

  test.each(endings)('early: %s', async (whenEnded, left, right) => {
    const how = split({ left: 0, right: 1, ...small, whenEnded });
    const { canvases, report } = await composed([video(red), video(blueLong)], how);
    expect(canvases.count).toBe(50);
    expect(canvases.story(0.03, 0.1)).toEqual(left);
    expect(canvases.story(0.97, 0.1)).toEqual(right);
    expect(canvases.name(24, 0.03, 0.1)).toBe('red');
    expect(canvases.name(25, 0.03, 0.1)).toBe(left.at(-1));
    expect(report.outputs[0]!.complete).toBe(true);
  });

  test.each(endings)('by failing in its middle: %s', async (whenEnded, left, right) => {
    // All packets of its last part are zeros: more damage than a source may have.
    const failing = join(folder, 'failing.mp4');
    const extra = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-movflags', '+faststart'];
    const bytes = readFileSync(colorClip(failing, 'red', { seconds: 6, extra }));
    const data = bytes.indexOf('mdat') + 4;
    writeFileSync(failing, bytes.fill(0, data + Math.floor((bytes.length - data) / 6)));
    const long = colorClip(join(folder, 'long-blue.mp4'), 'blue', { seconds: 6 });
    const how = split({ left: 0, right: 1, ...small, whenEnded });
    const { canvases, report } = await composed([video(failing), video(long)], how);
    expect(report.sources[0]!.error).toMatchObject({ code: 'DECODE_FAILED' });
    expect(report.outputs[0]!.complete).toBe(false);
    expect(canvases.count).toBe(150);
    expect(canvases.story(0.03, 0.1)).toEqual(left);
    expect(canvases.story(0.97, 0.1)).toEqual(right);
  });
});

describe.skipIf(noAddon !== undefined)('sources that join and leave', () => {
  const until = async (fits: () => boolean) => {
    for (let i = 0; !fits(); i++) {
      if (i > 500) throw new Error('it never came');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  /** Red frames, 25 a second, pushed while `more` returns true. */
  const reds = (more: () => boolean) =>
    frames(
      (async function* () {
        while (more()) {
          yield plain(255, 0, 0);
          await new Promise((resolve) => setTimeout(resolve, 4));
        }
      })(),
      { width, height, fps: 25, id: 'red' },
    );

  test('a grid has a tile more while it is there, and the new source begins at its start', async () => {
    let over = false;
    const path = newFile();
    const run = await pipeline(reds(() => !over))
      .compose(grid(small))
      .encode(path, { profile: 'realtime' })
      .start();
    const seen: Record<string, number> = {};
    const reading = (async () => {
      for await (const frame of run) seen[frame.source] = frame.timeMs;
    })();
    await until(() => (seen.red ?? 0) > 400);
    const rising = colorClip(join(folder, 'rising.mp4'), 'blue', { seconds: 4, fadeMs: 3000 });
    const id = await run.add(video(rising, { id: 'late' }));
    await until(() => (seen.late ?? 0) > 200);
    await until(() => seen.red! > 1800);
    await run.remove(id);
    const left = seen.red!;
    await until(() => seen.red! > left + 400);
    over = true;
    await reading;
    await run.close();
    const canvases = pictures(path);
    // Alone, side by side, alone again.
    const halves = Array.from({ length: canvases.count }, (_, frame) => canvases.name(frame, 0.75, 0.5) === 'red');
    const joined = halves.indexOf(false);
    const gone = halves.lastIndexOf(false) + 1;
    expect(joined).toBeGreaterThan(5);
    expect(gone - joined).toBeGreaterThan(10);
    expect(gone).toBeLessThan(canvases.count - 5);
    expect(halves.slice(joined, gone)).not.toContain(true);
    for (const frame of [joined, gone - 1]) expect(canvases.name(frame, 0.25, 0.5)).toBe('red');
    // It fades in over 3 s from its own first frame: 10 frames after joining it is 13 % up.
    expect(canvases.at(joined, 0.75, 0.5)[2]).toBeLessThan(12);
    const level = canvases.at(joined + 10, 0.75, 0.5)[2];
    expect(level).toBeGreaterThan(15);
    expect(level).toBeLessThan(60);
    expect(Object.values((await run.report()).live).every((n) => n === 0)).toBe(true);
  });

  test('a source that joins the last one to end is still displayed, and lengthens the composition', async () => {
    let over = false;
    const path = newFile();
    const run = await pipeline(reds(() => !over))
      .compose(grid({ ...small, whenEnded: 'relayout' }))
      .encode(path, { profile: 'realtime' })
      .start();
    const reading = run.done;
    await run.add(video(blueLong, { id: 'late' }));
    over = true;
    await reading;
    await run.close();
    const canvases = pictures(path);
    expect(canvases.story(0.9, 0.5).at(-1)).toBe('blue');
    expect(canvases.count).toBeGreaterThanOrEqual(50);
  });

  test('layouts with tiles of their own take no notice', async () => {
    let over = false;
    const path = newFile();
    const run = await pipeline(reds(() => !over))
      .compose(layout({ ...small, tiles: [{ show: 'red', rect: [0, 0, 320, 180] }] }))
      .encode(path, { profile: 'realtime' })
      .start();
    const reading = run.done;
    await run.add(video(green, { id: 'unseen' }));
    over = true;
    await reading;
    await run.close();
    expect(pictures(path).story(0.9, 0.5)).toEqual(['red']);
  });

  test('a live source that stops giving frames does not hold up the others', async () => {
    let seen = 0;
    async function* stuck() {
      for (let i = 0; i < 5; i++) yield plain(255, 0, 0);
      await until(() => seen === 25);
    }
    const path = newFile();
    const run = await pipeline(frames(stuck(), { width, height, fps: 25, live: true, id: 'live' }), video(green))
      .compose(split({ left: 0, right: 1, ...small }))
      .encode(path, { profile: 'realtime' })
      .start();
    for await (const frame of run) if (frame.source !== 'live') seen++;
    await run.close();
    const canvases = pictures(path);
    expect(canvases.count).toBe(25);
    expect([canvases.story(0.25, 0.5), canvases.story(0.75, 0.5)]).toEqual([['red'], ['green']]);
  });

  test('sixteen is the most; who leaves makes room', async () => {
    let over = false;
    const run = await pipeline(
      ...Array.from({ length: 15 }, () => video(red)),
      reds(() => !over),
    )
      .compose(grid(small))
      .encode(newFile(), { profile: 'realtime' })
      .start();
    const reading = run.done;
    await expect(run.add(video(green, { id: 'too-many' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await run.remove('3');
    await expect(run.add(video(green, { id: 'fits' }))).resolves.toBe('fits');
    over = true;
    await reading;
    await run.close();
  });
});

describe.skipIf(noAddon !== undefined)('time', () => {
  test.each([
    [25, 30, undefined, 60],
    [30, 25, undefined, 60],
    [25, 30, 25, 50],
    [50, 10, 5, 10],
    [24, 30, [30000, 1001] as [number, number], 60],
  ])('%i and %i pictures a second on a canvas of %j: %i pictures', async (left, right, fps, count) => {
    const [a, b] = [left, right].map((rate, i) =>
      colorClip(join(folder, `rate-${rate}-${i}.mp4`), i ? 'lime' : 'red', { seconds: 2, fps: rate }),
    ) as [string, string];
    const { canvases, path } = await composed(
      [video(a), video(b)],
      split({ left: 0, right: 1, ...small, ...(fps && { fps }) }),
    );
    expect(canvases.count).toBe(count);
    expect(decoded(path).seconds).toBeCloseTo(2, 1);
    expect([canvases.story(0.25, 0.5), canvases.story(0.75, 0.5)]).toEqual([['red'], ['green']]);
  });

  test('a variable rate: every picture stands until the next', async () => {
    // Frames at 0, 40, 80 ms ... of which 5 to 19 are left out: red, then from 0.8 s green.
    const path = join(folder, 'vfr.mkv');
    colorClip(path, 'red', {
      seconds: 1.2,
      extra: ['-vf', "drawbox=c=lime:t=fill:enable='gte(t,0.79)',select='lt(n,5)+gte(n,20)'", '-fps_mode', 'vfr'],
    });
    const { canvases } = await composed([video(path)], grid({ ...small, fps: 25 }));
    expect(canvases.count).toBe(30);
    expect(canvases.name(19, 0.5, 0.5)).toBe('red');
    expect(canvases.name(20, 0.5, 0.5)).toBe('green');
  });

  test.each(['first', 'mix', 'none', 1] as const)('audio %s is in step with the pictures', async (audio) => {
    const a = flashClip(join(folder, 'flash-a.mp4'), { seconds: 3, fps: 25, at: 0.5, hertz: 1000 });
    const b = flashClip(join(folder, 'flash-b.mp4'), { seconds: 3, fps: 30, at: 0.8, hertz: 2500 });
    const how = split({ left: 0, right: 1, ...small });
    const { path, canvases } = await composed([video(a), video(b)], how, { audio });
    const [left, right] = [flashes(canvases, 30, 0.25, 0.5), flashes(canvases, 30, 0.75, 0.5)];
    expect([left.length, right.length]).toEqual([3, 3]);
    if (audio === 'none') return expect(decoded(path).audio).toBe(false);
    const heard = { a: beeps(path, 1000), b: beeps(path, 2500) };
    expect(heard.a).toHaveLength(audio === 1 ? 0 : 3);
    expect(heard.b).toHaveLength(audio === 'first' ? 0 : 3);
    heard.a.forEach((ms, i) => expect(Math.abs(ms - left[i]!)).toBeLessThan(45));
    heard.b.forEach((ms, i) => expect(Math.abs(ms - right[i]!)).toBeLessThan(45));
  });

  test('a part of the sources keeps its audio in step', async () => {
    const a = flashClip(join(folder, 'cut-a.mp4'), { seconds: 4, fps: 25, at: 0.5 });
    const part = { startMs: 1240, endMs: 3240 };
    const how = split({ left: 0, right: 1, ...small });
    const { path, canvases } = await composed([video(a, part), video(a, part)], how);
    expect(canvases.count).toBe(50);
    const seen = flashes(canvases, 25, 0.25, 0.5);
    expect(seen).toHaveLength(2);
    expect(Math.abs(seen[0]! - 260)).toBeLessThanOrEqual(40);
    const heard = beeps(path);
    expect(heard).toHaveLength(2);
    heard.forEach((ms, i) => expect(Math.abs(ms - seen[i]!)).toBeLessThan(45));
    expect(Math.abs(decoded(path).seconds - 2)).toBeLessThan(0.1);
  });
});

describe.skipIf(noAddon !== undefined)('breaking off', () => {
  // The output stops draining after 0.8 s; how long the encoder needs for the pictures it holds depends on the machine
  // (x265 archival on two busy cores: up to 5 s), so the limit here only detects a hang.
  test.each(['balanced', 'archival'] as const)('ends soon and leaves the rest out: %s', async (profile) => {
    const long = colorClip(join(folder, 'long.mp4'), 'red', { seconds: 20, size: '640x360' });
    const path = newFile();
    const run = await pipeline(video(long), video(long))
      .compose(split({ left: 0, right: 1, width: 1920, height: 1080 }))
      .encode(path, { profile, codec: profile === 'archival' ? 'hevc' : 'h264' })
      .start();
    let since = 0;
    for await (const frame of run)
      if (frame.timeMs >= 400) {
        since = performance.now();
        break;
      }
    expect(performance.now() - since).toBeLessThan(15_000);
    const [output] = (await run.report()).outputs;
    expect(output?.complete ?? false).toBe(false);
    expect(output?.frames ?? 0).toBeLessThan(250); // of 500
  });

  test('an abort drops what is composed', async () => {
    const long = colorClip(join(folder, 'long.mp4'), 'red', { seconds: 20, size: '640x360' });
    const aborting = new AbortController();
    const run = await pipeline(video(long))
      .compose(grid({ width: 1920, height: 1080 }))
      .encode(newFile())
      .start({ signal: aborting.signal });
    setTimeout(() => aborting.abort(), 300);
    await expect(run.done).rejects.toMatchObject({ code: 'ABORTED' });
    const since = performance.now();
    await run.close();
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});

describe.skipIf(noAddon !== undefined)('encode without compose', () => {
  const encoded = async (source: string) => {
    const path = newFile();
    const run = await pipeline(video(source)).encode(path, { profile: 'realtime' }).start();
    await run.done;
    await run.close();
    return path;
  };

  test('keeps the size of the source', async () => {
    const path = await encoded(colorClip(join(folder, 'plain.mp4'), 'red', { size: '322x242' }));
    expect(decoded(path)).toMatchObject({ width: 322, height: 242, frames: 25 });
  });

  test('an odd size loses its last row or column, and nothing is scaled', async () => {
    const source = join(folder, 'odd.mkv');
    const lines = "geq=lum='if(mod(X,4),30,200)':cb=128:cr=128";
    colorClip(source, 'gray', { size: '321x241', extra: ['-vf', lines, '-pix_fmt', 'yuv444p', '-qp', '0'] });
    const path = await encoded(source);
    expect(decoded(path)).toMatchObject({ width: 320, height: 240, frames: 25 });
    const canvases = pictures(path, 320, 240);
    for (const column of [0, 4, 160, 316]) {
      expect(canvases.at(5, (column + 0.5) / 320, 0.5)[1]).toBeGreaterThan(150);
      expect(canvases.at(5, (column + 2.5) / 320, 0.5)[1]).toBeLessThan(80);
    }
  });

  test('a rotated source is upright', async () => {
    const lying = colorClip(join(folder, 'lying.mp4'), 'red', {
      extra: ['-vf', 'drawbox=c=lime:w=80:t=fill'],
    });
    // The matrix of its track header rotates by 90 degrees.
    const bytes = readFileSync(lying);
    const matrix = bytes.indexOf('tkhd') + 44;
    [0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30].forEach((value, i) => bytes.writeInt32BE(value, matrix + 4 * i));
    writeFileSync(lying, bytes);
    const path = await encoded(lying);
    expect(decoded(path)).toMatchObject({ width: 120, height: 160, frames: 25 });
    const canvases = pictures(path, 60, 80);
    expect(new Set([canvases.name(5, 0.5, 0.1), canvases.name(5, 0.5, 0.9)])).toEqual(new Set(['red', 'green']));
  });
});
