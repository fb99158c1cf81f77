/** Breaking off while an encoder holds a lot: the file is finished, the encoder is freed when it can be. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pipeline, video } from '../../src/index.js';
import { compiled, program } from './children.js';
import { decoded, folderFor, noAddon, patternClip, root } from './clips.js';
import { sleep, within } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('break');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 20, size: '1280x720' });
}, 120_000);

describe.skipIf(noAddon !== undefined)('a break', () => {
  test.each([
    ['h264', 'archival'],
    ['hevc', 'archival'],
    ['av1', 'balanced'],
  ] as const)(
    'of an encode in %s, %s leaves a file that plays, and in the end nothing alive',
    async (codec, profile) => {
      const out = join(folder, `${codec}.mp4`);
      const run = await pipeline(video(clip)).encode(out, { codec, profile }).start();
      const encoded = async () => {
        for await (const _ of run)
          if (((await run.report()).stages.find(({ name }) => name === 'encode')?.count ?? 0) > 75) break;
      };
      await within(120_000, encoded(), 'the break');
      const { outputs } = await run.report();
      expect(outputs[0]).toMatchObject({ complete: false });
      expect(outputs[0]!.frames).toBeGreaterThan(0);
      expect(decoded(out).frames).toBe(outputs[0]!.frames);
      const live = async () => Object.values((await run.report()).live).reduce((sum, n) => sum + n, 0);
      const freed = async () => {
        while ((await live()) > 0) await sleep(20);
      };
      await within(120_000, freed(), 'the end of the encoder');
    },
    300_000,
  );
});

describe.skipIf(!compiled)('a process', () => {
  const broken = () => `
    const output = { codec: 'av1', profile: 'archival' };
    const run = await pipeline(video(${JSON.stringify(clip)})).encode(${JSON.stringify(join(folder, 'left.mp4'))}, output).start();
    for await (const frame of run) if (frame.index === 24) break;
  `;

  test('with a detached encoder thread exits when it likes, with its code', async () => {
    for (const [end, expected] of [
      ['process.exit(6);', 6],
      ['await new Promise((resolve) => setTimeout(resolve, 300)); process.exitCode = 4;', 4],
    ] as const) {
      const { code, signal, err } = await program(broken() + end).ended;
      expect({ code, signal }, err).toEqual({ code: expected, signal: null });
    }
  }, 130_000);

  test('goes on when the thread that left one behind ends', async () => {
    const worker = join(folder, 'worker.mjs');
    const library = JSON.stringify(join(root, 'lib/index.js'));
    writeFileSync(worker, `import { pipeline, video } from ${library};${broken()}`);
    const body = `
      import { Worker } from 'node:worker_threads';
      for (let i = 0; i < 2; i++) {
        const worker = new Worker(${JSON.stringify(worker)}, { execArgv: [] });
        await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
      }
      await new Promise((resolve) => setTimeout(resolve, 3000));
      console.log('still here');
    `;
    const { code, out, err } = await program(body, { seconds: 100 }).ended;
    expect({ code, out }, err).toEqual({ code: 0, out: 'still here\n' });
  }, 130_000);
});
