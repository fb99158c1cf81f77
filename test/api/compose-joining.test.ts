/** The audio of sources that join and leave: heard when and where they are seen. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type EncodeOptions, frames, grid, pipeline, type Run, type Source, video } from '../../src/index.js';
import { decoded, folderFor, noAddon } from './clips.js';
import { closed, sleep, within } from './outcomes.js';
import { beeps, flashClip, flashes, type Pictures, pictures } from './pictures.js';

let folder: string;
let guest: string;
let other: string;

beforeAll(() => {
  folder = folderFor('joining');
  guest = flashClip(join(folder, 'guest.mp4'), { seconds: 8, at: 0.32, hertz: 1000 });
  other = flashClip(join(folder, 'other.mp4'), { seconds: 8, at: 0.72, hertz: 2500 });
}, 60_000);

const [width, height] = [160, 120];
const red = new Uint8Array(width * height * 3).map((_, i) => (i % 3 === 0 ? 255 : 0));

/** A red source without audio that goes on until `end`, and how far each source has come. */
class Composition {
  readonly seen: Record<string, number> = {};
  #over = false;
  #reading: Promise<void> | undefined;
  run!: Run;

  constructor(readonly path: string) {}

  /** @param tiles of a composition that nobody joins; default: one of all sources, those that join included */
  async start(sources: Source[], options: EncodeOptions, tiles?: string[]): Promise<this> {
    this.run = await pipeline(...sources, this.#reds())
      .compose(grid({ width: 320, height: 180, ...(tiles && { tiles }) }), tiles && { sources: tiles })
      .encode(this.path, { profile: 'realtime', ...options })
      .start();
    this.#reading = (async () => {
      for await (const frame of this.run) this.seen[frame.source] = frame.timeMs;
    })();
    return this;
  }

  #reds(): Source {
    const more = () => !this.#over;
    async function* paced() {
      while (more()) {
        yield red;
        await sleep(4);
      }
    }
    return frames(paced(), { width, height, fps: 25, id: 'red' });
  }

  async until(source: string, ms: number): Promise<void> {
    const comes = async () => {
      while (!((this.seen[source] ?? 0) > ms)) await sleep(5);
    };
    await within(30_000, comes(), `${source} at ${ms} ms`);
  }

  /** The red source goes on for a while, then ends, and the composition with it. */
  async end(): Promise<Pictures> {
    await this.until('red', this.seen.red! + 600);
    this.#over = true;
    await within(30_000, this.#reading!);
    await closed(this.run);
    return pictures(this.path);
  }
}

const seenAt = (canvases: Pictures, x: number, y: number) => flashes(canvases, 25, x, y);

/** A last flash of one picture, cut off by the removal, may be too short to be heard. */
function inStep(heard: number[], seen: number[]): void {
  expect([seen.length - 1, seen.length]).toContain(heard.length);
  heard.forEach((ms, i) => expect(Math.abs(ms - seen[i]!)).toBeLessThan(45));
}

describe.skipIf(noAddon !== undefined)('audio', () => {
  test("of all mixed: one that joins is heard from where it is seen, and no longer than that, 'mix'", async () => {
    const composition = await new Composition(join(folder, 'mix.mp4')).start([], { audio: 'mix' });
    await composition.until('red', 700);
    const id = await composition.run.add(video(guest, { id: 'guest' }));
    await composition.until('guest', 2900);
    await composition.run.remove(id);
    const canvases = await composition.end();
    const seen = seenAt(canvases, 0.75, 0.5);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(seen[0]).toBeGreaterThan(900);
    inStep(beeps(composition.path, 1000), seen);
    expect(decoded(composition.path).seconds).toBeCloseTo(canvases.count / 25, 1);
    expect((await composition.run.report()).recoveries).toEqual([]);
  });

  test('of a part that joins begins where the part begins', async () => {
    const composition = await new Composition(join(folder, 'part.mp4')).start([], { audio: 'mix' });
    await composition.until('red', 500);
    await composition.run.add(video(guest, { id: 'guest', startMs: 2000, endMs: 4000 }));
    await composition.until('guest', 1900);
    const canvases = await composition.end();
    const seen = seenAt(canvases, 0.75, 0.5);
    expect(seen).toHaveLength(2);
    inStep(beeps(composition.path, 1000), seen);
  });

  test('of all but one is muted, that of sources that join later too', async () => {
    const composition = await new Composition(join(folder, 'only.mp4')).start([video(other, { id: 'other' })], {
      audio: 'mix',
    });
    composition.run.audio({ only: 'other' });
    await composition.until('red', 200);
    await composition.run.add(video(guest, { id: 'guest' }));
    await composition.until('guest', 1950);
    await composition.end();
    expect(beeps(composition.path, 1000)).toEqual([]);
    expect(beeps(composition.path, 2500).length).toBeGreaterThanOrEqual(1);
  });

  test('of one that joins after a layout opened its composition has no track to go to: the report lists it', async () => {
    const path = join(folder, 'opened.mp4');
    const composition = await new Composition(path).start([], { audio: 'mix' }, ['red']);
    composition.run.layout(grid());
    await composition.until('red', 1000); // it is of the next canvas
    await composition.run.add(video(guest, { id: 'guest' }));
    await composition.until('guest', 500);
    await composition.end();
    expect(decoded(path).audio).toBe(false);
    expect((await composition.run.report()).recoveries).toMatchObject([
      { where: path, what: 'no audio', reason: expect.stringContaining('"guest"') },
    ]);
  });

  test('of a source by its id is used when it joins, and no other', async () => {
    const composition = await new Composition(join(folder, 'named.mp4')).start([], { audio: 'guest' });
    await composition.until('red', 200);
    const withoutAudio = await composition.run.add(video(other, { id: 'other' }));
    await composition.until('other', 1200);
    await composition.run.remove(withoutAudio);
    await composition.until('red', composition.seen.red! + 400);
    await composition.run.add(video(guest, { id: 'guest' }));
    await composition.until('guest', 1950);
    await composition.run.remove('guest');
    const canvases = await composition.end();
    const seen = seenAt(canvases, 0.75, 0.5);
    const heard = beeps(composition.path, 1000);
    expect(heard.length).toBeGreaterThanOrEqual(1);
    expect(heard.length).toBeLessThan(seen.length);
    inStep(heard, seen.slice(-heard.length));
    expect(beeps(composition.path, 2500)).toEqual([]);
  });

  test('of a source by an id that never joins is silence, and the report lists it', async () => {
    const composition = await new Composition(join(folder, 'nobody.mp4')).start([], { audio: 'nobody' });
    await composition.until('red', 200);
    await composition.end();
    expect(decoded(composition.path).audio).toBe(true);
    expect((await composition.run.report()).recoveries).toMatchObject([
      { where: composition.path, reason: expect.stringContaining('"nobody"') },
    ]);
  });

  test.each(['first', 'mix'] as const)('of the first source stops where that is removed, %s', async (audio) => {
    const composition = await new Composition(join(folder, `removed-${audio}.mp4`)).start(
      [video(guest, { id: 'guest' })],
      {
        audio,
      },
    );
    await composition.until('guest', 1950); // results arrive before their canvas: between two flashes
    await composition.run.remove('guest');
    await composition.until('red', composition.seen.red! + 1200);
    const canvases = await composition.end();
    const seen = seenAt(canvases, 0.25, 0.5);
    expect(seen.length).toBeGreaterThanOrEqual(1);
    expect(seen.at(-1)).toBeLessThan((canvases.count * 1000) / 25 - 1500);
    inStep(beeps(composition.path, 1000), seen);
  });
});
