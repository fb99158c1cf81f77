/** Outputs that cannot be written, or not to their end. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzer, detect, grid, images, pipeline, track, video } from '../../src/index.js';
import { decoded, folderFor, noAddon, patternClip, root } from './clips.js';
import { closed, codeOf, within } from './outcomes.js';

let folder: string;
let clip: string;
let long: string;
let disk: string;

/** A disk of 256 KiB; needs root. */
const canMount = (() => {
  const probe = folderFor('mount');
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status !== 0) return false;
  return spawnSync('umount', [probe]).status === 0;
})();

beforeAll(() => {
  folder = folderFor('outputs');
  clip = patternClip(join(folder, 'clip.mp4'));
  long = patternClip(join(folder, 'long.mp4'), { seconds: 12, size: '640x360' });
  disk = join(folder, 'disk');
  mkdirSync(disk);
  if (canMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
}, 120_000);

afterAll(() => {
  if (canMount) execFileSync('umount', [disk]);
});

const emptied = () => {
  for (const name of readdirSync(disk)) execFileSync('rm', ['-rf', join(disk, name)]);
};
const talkative = analyzer({ name: 'talk', analyze: () => 'x'.repeat(4000) });

describe.skipIf(noAddon !== undefined || !canMount)('a disk that fills up', () => {
  test.each(['mp4', 'mkv', 'ts'])(
    'fails the encode of .%s, keeps what was written playable, and reports it',
    async (type) => {
      emptied();
      const out = join(disk, `full.${type}`);
      const run = await pipeline(video(long)).encode(out, { profile: 'realtime' }).start();
      expect(await codeOf(run.done)).toBe('OUTPUT_DISK_FULL');
      const { outputs } = await closed(run);
      expect(outputs).toMatchObject([{ path: out, complete: false }]);
      expect(decoded(out).frames).toBeGreaterThan(0);
    },
  );

  test('ends an iteration with the same error', async () => {
    emptied();
    const run = await pipeline(video(long)).encode(join(disk, 'o.mp4'), { profile: 'realtime' }).start();
    const reading = (async () => {
      for await (const _ of run);
    })();
    expect(await codeOf(reading)).toBe('OUTPUT_DISK_FULL');
    await closed(run);
  });

  test('fails the results file in the same way; the lines before are whole', async () => {
    emptied();
    const results = join(disk, 'r.jsonl');
    const run = await pipeline(video(long)).use(talkative).results(results).start();
    expect(await codeOf(run.done)).toBe('OUTPUT_DISK_FULL');
    await closed(run);
    const lines = readFileSync(results, 'utf8').split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) JSON.parse(line);
  });

  test('fails the report and the timeline written at the end', async () => {
    emptied();
    writeFileSync(join(disk, 'fill'), new Uint8Array(256 * 1024 - 4096));
    const files = pipeline(video(clip))
      .report(join(disk, 'report.json'))
      .timeline(join(disk, 'timeline.json'))
      .results(join(disk, 'r.jsonl'));
    const starting = files.start();
    const run = await starting.catch((error) => expect(error).toMatchObject({ code: 'OUTPUT_DISK_FULL' }));
    if (!run) return;
    expect(await codeOf(run.done)).toBe('OUTPUT_DISK_FULL');
    await closed(run);
  });

  test('leaves a finished file that has no room for its second copy in fragments, complete', async () => {
    emptied();
    const out = join(disk, 'just.mp4');
    const small = patternClip(join(folder, 'small.mp4'), { seconds: 3, size: '64x48' });
    writeFileSync(join(disk, 'fill'), new Uint8Array(120 * 1024));
    const run = await pipeline(video(small)).encode(out, { profile: 'realtime' }).start();
    await within(20_000, run.done);
    const { outputs } = await closed(run);
    expect(outputs[0]).toMatchObject({ complete: true, frames: 75 });
    expect(decoded(out).frames).toBe(75);
  });

  test('is the failure of the command', () => {
    emptied();
    const cli = join(root, 'lib/cli.js');
    const args = ['run', long, '--out', join(disk, 'cli.mp4'), '--profile', 'realtime', '--embed', 'none', '--json'];
    const { status, signal, stdout } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(JSON.parse(stdout).error.code).toBe('OUTPUT_DISK_FULL');
  });
});

describe.skipIf(noAddon !== undefined)('an output', () => {
  const encoded = (path: string) => codeOf(pipeline(video(clip)).encode(path).start());

  test('that is a folder, below a file, in no folder, or of no known kind', async () => {
    mkdirSync(join(folder, 'dir.mp4'), { recursive: true });
    expect(await encoded(join(folder, 'dir.mp4'))).toBe('OUTPUT_UNWRITABLE');
    expect(await encoded(join(clip, 'o.mp4'))).toBe('OUTPUT_UNWRITABLE');
    expect(await encoded(join(folder, 'none', 'o.mp4'))).toBe('OUTPUT_UNWRITABLE');
    expect(await encoded(join(folder, 'o.doc'))).toBe('INVALID_ARGUMENT');
    expect(await encoded('/proc/o.mp4')).toBe('OUTPUT_UNWRITABLE');
  });

  test('that is also the source leaves the source alone', async () => {
    const before = readFileSync(clip);
    expect(await encoded(clip)).toBe('INVALID_ARGUMENT');
    const link = join(folder, 'link.mp4');
    symlinkSync(clip, link);
    const other = patternClip(join(folder, 'other.mp4'), { seconds: 0.2 });
    const still = join(folder, 'still.png');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip, '-frames:v', '1', still]);
    const refused = [
      pipeline(video(clip)).encode(clip, { audio: 'none' }),
      pipeline(video(link)).encode(clip, { audio: 'none' }),
      pipeline(video(other), video(clip)).compose(grid()).encode(clip),
      pipeline(images([still])).results(still),
      pipeline(video(clip)).results(clip),
      pipeline(video(clip)).timeline(link),
    ];
    for (const description of refused) expect(await codeOf(description.start())).toBe('INVALID_ARGUMENT');
    expect(readFileSync(clip).equals(before)).toBe(true);
  });

  test('that is also another output, or a model, is refused before either is touched', async () => {
    const both = join(folder, 'both.mp4');
    writeFileSync(both, 'as it was');
    const model = join(folder, 'm.onnx');
    writeFileSync(model, 'as it was');
    const refused = [
      () => pipeline(video(clip)).results(both).report(both).start(),
      () => pipeline(video(clip)).encode(both).timeline(both).start(),
      () => pipeline(video(clip)).use(detect('faces', model)).report(model).start(),
    ];
    for (const start of refused) expect(await codeOf(start())).toBe('INVALID_ARGUMENT');
    expect(readFileSync(both, 'utf8')).toBe('as it was');
    expect(readFileSync(model, 'utf8')).toBe('as it was');
  });

  test('of a start that fails stays what it was', async () => {
    const before = join(folder, 'before.jsonl');
    writeFileSync(before, 'as it was');
    expect(
      await codeOf(
        pipeline(video(join(folder, 'none.mp4')))
          .results(before)
          .start(),
      ),
    ).toBe('SOURCE_NOT_FOUND');
    expect(readFileSync(before, 'utf8')).toBe('as it was');
    const run = await pipeline(video(clip)).results(before).start();
    await run.done;
    expect(readFileSync(before, 'utf8')).toMatch(/^\{"source":"0","index":0/);
    await closed(run);
  });

  test('that cannot be leaves no other file behind', async () => {
    const results = join(folder, 'left.jsonl');
    const start = pipeline(video(clip))
      .results(results)
      .encode(join(folder, 'none', 'o.mp4'))
      .start();
    expect(await codeOf(start)).toBe('OUTPUT_UNWRITABLE');
    expect(existsSync(results)).toBe(false);
  });

  test.each(['results', 'report', 'timeline', 'mot', 'contactSheet'] as const)('%s that is a folder', async (kind) => {
    mkdirSync(join(folder, 'taken'), { recursive: true });
    // Two of the files need tracks; the model is not opened before the files are.
    const tracked = pipeline(video(clip))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }));
    expect(await codeOf(tracked[kind](join(folder, 'taken')).start())).toBe('OUTPUT_UNWRITABLE');
    expect(await codeOf(tracked[kind](join(folder, 'none', 'f')).start())).toBe('OUTPUT_UNWRITABLE');
  });

  test('of a value that JSON cannot hold', async () => {
    const odd = analyzer({ name: 'odd', analyze: () => 1n });
    const run = await pipeline(video(clip)).use(odd).results(join(folder, 'odd.jsonl')).start();
    expect(await codeOf(run.done)).toBe('OUTPUT_FAILED');
    await closed(run);
  });

  test.each(['mp4', 'mkv', 'm3u8'])('.%s that somebody removes while it is written', async (type) => {
    const out = join(folder, `vanishing.${type}`);
    const run = await pipeline(video(long)).encode(out, { profile: 'realtime' }).start();
    const reading = (async () => {
      for await (const frame of run) if (frame.index === 290) rmSync(out, { force: true });
    })();
    const error = await within(20_000, reading).catch((e) => e);
    const { outputs } = await closed(run);
    if (error) expect(error).toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(outputs).toMatchObject([{ path: out, complete: !error }]);
    expect(existsSync(out)).toBe(!error);
  });
});
