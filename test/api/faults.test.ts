/** Bad input and faults through the command line: a coded error or a counted drop, never a crash or a hang. */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorCodes, FramepathError, pipeline, probe, video } from '../../src/index.js';
import { required } from '../require.js';
import { complete, folderFor, patternClip, root } from './clips.js';

const cli = join(root, 'lib/cli.js');
const ready = complete && required('library', existsSync(cli));
let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('faults');
  clip = patternClip(join(folder, 'clip.mp4'));
}, 60_000);

function framepath(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 60_000 });
}

/** The code that the command fails with when a path of ONNX Runtime is given. */
function withRuntime(library: string): string {
  const env = { ...process.env, FRAMEPATH_ORT_LIBRARY: library };
  const { status, stdout } = spawnSync(process.execPath, [cli, 'run', clip, '--json'], { encoding: 'utf8', env });
  expect(status).toBe(1);
  return (JSON.parse(stdout) as { error: { code: string } }).error.code;
}

/** The code that `run` fails with; it must exit 1, by itself. */
function failure(...args: string[]): string {
  const { status, signal, stdout, stderr } = framepath('run', ...args, '--json');
  expect({ status, signal }, stderr).toEqual({ status: 1, signal: null });
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  expect(Object.keys(errorCodes)).toContain(error.code);
  expect(error.code).not.toBe('INTERNAL');
  return error.code;
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe.skipIf(!ready)('sources that are not what they seem', () => {
  test('nothing there', () => expect(failure(join(folder, 'none.mp4'))).toBe('SOURCE_NOT_FOUND'));
  test('a folder', () => expect(failure(folder)).toMatch(/^SOURCE_/));
  test('an empty file', () => expect(failure(file('empty.mp4', ''))).toBe('SOURCE_UNREADABLE'));
  test('text called .mp4', () =>
    expect(failure(file('text.mp4', 'to be or not to be\n'.repeat(100)))).toBe('SOURCE_UNREADABLE'));

  test('a file cut before its index', () => {
    expect(failure(file('cut.mp4', readFileSync(clip).subarray(0, 20_000)))).toBe('SOURCE_UNREADABLE');
  });

  test('a hundred megabytes of zeros', () => {
    const zeros = join(folder, 'zeros.mp4');
    closeSync(openSync(zeros, 'w'));
    truncateSync(zeros, 100 * 1024 * 1024);
    expect(failure(zeros)).toBe('SOURCE_UNREADABLE');
  });

  test('audio only', () => {
    const audio = join(folder, 'audio.m4a');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=duration=1', audio]);
    expect(failure(audio)).toBe('SOURCE_UNSUPPORTED');
    expect(JSON.parse(framepath('probe', audio, '--json').stdout).kind).toBe('audio');
  });

  test('a playlist that points out of the jail', async () => {
    mkdirSync(join(folder, 'jail'), { recursive: true });
    const playlist = join(folder, 'jail', 'list.m3u8');
    writeFileSync(playlist, `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${clip}\n#EXT-X-ENDLIST\n`);
    const read = async () => {
      const run = await pipeline(video(playlist, { limits: 'untrusted' })).start();
      for await (const _ of run) throw new Error('it was read');
    };
    const error = await read().catch((e) => e);
    expect(error).toBeInstanceOf(FramepathError);
    expect(error.code).toMatch(/^SOURCE_(REFUSED|UNREADABLE)$/);
  });

  test('a file over the limit', async () => {
    await expect(probe(clip, { limits: { maxBytes: 1000 } })).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
  });
});

describe.skipIf(!ready)('pictures at the edges', () => {
  test.each(['16x16', '2x2', '4096x16'])('%s', async (size) => {
    const path = patternClip(join(folder, `edge-${size}.mp4`), { size, seconds: 0.4 });
    const run = await pipeline(video(path)).start();
    let n = 0;
    for await (const _ of run) n++;
    await run.close();
    expect(n).toBe(10);
  });

  test('a file cut in mid-frame gives what is there', async () => {
    const whole = join(folder, 'whole.mkv');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip, '-c', 'copy', whole]);
    const bytes = readFileSync(whole);
    const run = await pipeline(video(file('half.mkv', bytes.subarray(0, bytes.length >> 1)))).start();
    let n = 0;
    for await (const _ of run) n++;
    await run.close();
    expect(n).toBeGreaterThan(5);
    expect(n).toBeLessThan(50);
  });
});

describe.skipIf(!ready)('a runtime that is not there', () => {
  test('is reported, with a hint', () => {
    expect(withRuntime('/nonexistent/libonnxruntime.so')).toBe('RUNTIME_MISSING');
    expect(withRuntime(clip)).toMatch(/^RUNTIME_/);
  });
});

describe.skipIf(!ready)('outputs that cannot be', () => {
  const plain = (...args: string[]) => failure(clip, '--detect', join(folder, 'no-model.onnx'), ...args);

  test('models that are not there come before anything is written', () => {
    const results = join(folder, 'never.jsonl');
    expect(plain('--results', results)).toBe('MODEL_NOT_FOUND');
    expect(existsSync(results)).toBe(false);
  });

  test('a folder that is not there', async () => {
    const start = pipeline(video(clip))
      .encode(join(folder, 'nowhere', 'o.mp4'))
      .start();
    await expect(start).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });

  test('a container nobody knows', async () => {
    const start = pipeline(video(clip)).encode(join(folder, 'o.txt')).start();
    await expect(start).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
