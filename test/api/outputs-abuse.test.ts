/** Outputs that would destroy what a run reads or what belongs to others, or that are no files. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { images, pipeline, type Source, video } from '../../src/index.js';
import { writeOutput } from '../../src/writers/output-file.js';
import { decoded, folderFor, noAddon, patternClip, root } from './clips.js';
import { closed, codeOf, within } from './outcomes.js';

let folder: string;
let clip: string;
let playlist: string;

beforeAll(() => {
  folder = folderFor('abuse');
  clip = patternClip(join(folder, 'clip.mp4'));
  mkdirSync(join(folder, 'hls'));
  playlist = join(folder, 'hls', 'list.m3u8');
  execFileSync('ffmpeg', ['-v', 'error', '-i', clip, '-c', 'copy', '-hls_time', '1', '-hls_list_size', '0', playlist]);
  writeFileSync(join(folder, 'hls', 'master.m3u8'), '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlist.m3u8\n');
}, 60_000);

const sumOf = (path: string) => createHash('sha1').update(readFileSync(path)).digest('hex');
const encode = (source: string, out: string) =>
  pipeline(video(source)).options({ device: 'cpu' }).encode(out, { profile: 'realtime' }).start();

describe.skipIf(noAddon !== undefined)('an output that is also read', () => {
  test.each([
    ['a segment', 'list.m3u8', () => join(folder, 'hls', 'list0.ts')],
    ['a segment of a variant', 'master.m3u8', () => join(folder, 'hls', 'list0.ts')],
    [
      'a link to a segment',
      'list.m3u8',
      () => {
        symlinkSync(join(folder, 'hls', 'list0.ts'), join(folder, 'link.ts'));
        return join(folder, 'link.ts');
      },
    ],
    [
      'a hard link to a segment',
      'list.m3u8',
      () => {
        linkSync(join(folder, 'hls', 'list0.ts'), join(folder, 'hard.ts'));
        return join(folder, 'hard.ts');
      },
    ],
    [
      'a playlist whose segments would be those',
      'master.m3u8',
      () => join(folder, 'hls', 'LIST.m3u8').replace('LIST', 'list'),
    ],
  ])('is refused: %s', async (_, source, out) => {
    const before = sumOf(join(folder, 'hls', 'list0.ts'));
    expect(await codeOf(encode(join(folder, 'hls', source), out()))).toBe('INVALID_ARGUMENT');
    expect(sumOf(join(folder, 'hls', 'list0.ts'))).toBe(before);
  });

  // libav's own form of a file's URI, and protocols that open the file behind them.
  test.each([
    ['file:', (path: string) => video(`file:${path}`)],
    ['file:, relative', (path: string) => video(`file:${relative(process.cwd(), path)}`)],
    ['file: of a picture', (path: string) => images([`file:${path}`])],
    ...['async:', 'subfile,,start,0,end,0,,:', 'concat:none.mp4|'].map(
      (protocol): [string, (path: string) => Source] => [
        protocol,
        (path) => video(`${protocol}${path}`, { limits: { protocols: ['file', 'async', 'subfile', 'concat'] } }),
      ],
    ),
  ])('is refused where the source is %s', async (_, source) => {
    const before = sumOf(clip);
    const writing = pipeline(source(clip)).options({ device: 'cpu' });
    expect(await codeOf(writing.encode(clip, { profile: 'realtime' }).start())).toBe('INVALID_ARGUMENT');
    expect(await codeOf(pipeline(source(clip)).results(clip).start())).toBe('INVALID_ARGUMENT');
    expect(sumOf(clip)).toBe(before);
  });

  test('is refused where only its segments are', async () => {
    const renamed = join(folder, 'hls', 'other.m3u8');
    writeFileSync(renamed, readFileSync(playlist));
    const before = sumOf(join(folder, 'hls', 'list0.ts'));
    expect(await codeOf(encode(renamed, playlist))).toBe('INVALID_ARGUMENT');
    expect(sumOf(join(folder, 'hls', 'list0.ts'))).toBe(before);
  });
});

describe.skipIf(noAddon !== undefined)('an output that is no file', () => {
  test('is refused: a pipe that nobody reads', async () => {
    const pipe = join(folder, 'pipe.mp4');
    execFileSync('mkfifo', [pipe]);
    expect(await codeOf(encode(clip, pipe), 10_000)).toBe('OUTPUT_UNWRITABLE');
    const results = pipeline(video(clip)).options({ device: 'cpu' }).results(pipe).start();
    expect(await codeOf(results, 10_000)).toBe('OUTPUT_UNWRITABLE');
    // Models and drawings of the command line.
    expect(await codeOf(writeOutput(pipe, 'whole'), 10_000)).toBe('OUTPUT_UNWRITABLE');
  });

  test('is written to: /dev/null', async () => {
    const run = await pipeline(video(clip)).options({ device: 'cpu' }).results('/dev/null').start();
    await within(20_000, run.done, 'done');
    await closed(run);
  });

  test('is refused: a path with NUL', async () => {
    expect(await codeOf((async () => encode(clip, join(folder, 'a\0b.mp4')))())).toBe('INVALID_ARGUMENT');
    const timeline = async () => pipeline(video(clip)).timeline(join(folder, 'a\0b.json')).start();
    expect(await codeOf(timeline())).toBe('INVALID_ARGUMENT');
  });
});

describe.skipIf(noAddon !== undefined)('finishing an MP4', () => {
  test('touches no other file, and leaves none', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(own, '.out.mp4.finishing'));
    const run = await encode(clip, join(own, 'out.mp4'));
    await within(20_000, run.done, 'done');
    const { outputs } = await closed(run);
    expect(outputs).toMatchObject([{ complete: true }]);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readdirSync(own).sort()).toEqual(['.out.mp4.finishing', 'out.mp4']);
    expect(decoded(join(own, 'out.mp4')).frames).toBe(50);
  });
});

describe.skipIf(noAddon !== undefined)('a cut behind the end', () => {
  const cut = (source: string, startMs: number, out: string) =>
    pipeline(video(source, { startMs })).options({ device: 'cpu' }).encode(out, { profile: 'realtime' }).start();

  test('fails at start, names the source and its length, and touches no file', async () => {
    const out = join(folder, 'behind.mp4');
    writeFileSync(out, 'as it was');
    const error = await cut(clip, 99_999_999, out).catch((e) => e);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(/startMs: 99999999 lies past the end of .*clip\.mp4.*2000 ms/);
    expect(readFileSync(out, 'utf8')).toBe('as it was');
  });

  test('behind the last picture only fails when that is known, and leaves no file', async () => {
    const out = join(folder, 'last.mp4');
    const run = await cut(clip, 1990, out);
    const error = await run.done.catch((e) => e);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', source: '0' });
    expect(error.message).toMatch(/startMs: 1990 lies past the end of .*clip\.mp4.*1960 ms/);
    await closed(run);
    expect(existsSync(out)).toBe(false);
  });

  test('is an error of the command', () => {
    const args = ['run', clip, '--from', '10000', '--out', join(folder, 'cli.mp4'), '--embed', 'none'];
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'lib/cli.js'), ...args], { encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('lies past the end of') });
    expect(existsSync(join(folder, 'cli.mp4'))).toBe(false);
  });
});

describe.skipIf(noAddon !== undefined)('a codec that its container does not hold', () => {
  test.each([
    ['o.ts', 'av1'],
    ['o.m2ts', 'av1'],
    ['rtmp://127.0.0.1:9/live', 'hevc'],
    ['rtsp://127.0.0.1:9/live', 'av1'],
    ['srt://127.0.0.1:9', 'av1'],
  ] as const)('is refused before anything is opened: %s, %s', async (name, codec) => {
    const out = name.includes('://') ? name : join(folder, name);
    const missing = join(folder, 'there-is-no-such-source.mp4');
    const error = await pipeline(video(missing))
      .encode(out, { codec })
      .start()
      .catch((e) => e);
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${codec} cannot go into`),
    });
    expect(existsSync(out)).toBe(false);
  });
});
