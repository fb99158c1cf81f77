/** Sources that mean harm, through the API and the command line: a code, never a crash, and no file but those given. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorCodes, images, pipeline, probe, type VideoOptions, video } from '../../src/index.js';
import { complete, folderFor, noAddon, patternClip, root } from './clips.js';

const cli = join(root, 'lib/cli.js');
let folder: string;
let clip: string;
let segment: string;

beforeAll(() => {
  folder = folderFor('hostile');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '64x48' });
  segment = patternClip(join(folder, 'segment.ts'), { seconds: 1, size: '64x48' });
}, 60_000);

const write = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** The code that the command ends with; it must end by itself, with exit status 1. */
function failure(...args: string[]): string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--json'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, signal }, stderr).toEqual({ status: 1, signal: null });
  const { error } = JSON.parse(stdout) as { error: { code: string } };
  expect(Object.keys(errorCodes)).toContain(error.code);
  return error.code;
}

const listening = (answer: (url: string) => string | Buffer) =>
  new Promise<{ uri: string; close(): void }>((done) => {
    const server = createServer((request, response) => void response.end(answer(request.url!)));
    server.listen(0, '127.0.0.1', () =>
      done({ uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }),
    );
  });

const framesOf = async (uri: string, options?: VideoOptions) => {
  const run = await pipeline(video(uri, options)).start();
  let count = 0;
  for await (const _ of run) count++;
  await run.close();
  return count;
};

const mixed = `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="other.m3u8"\n#EXTINF:1,\nsegment.ts\n`;

describe.skipIf(!complete)('the command line', () => {
  test('survives a playlist of playlists and segments', () => {
    write('other.m3u8', '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsegment.ts\n#EXT-X-ENDLIST\n');
    expect(failure('probe', write('evil.m3u8', mixed))).toBe('SOURCE_UNREADABLE');
    expect(failure('run', join(folder, 'evil.m3u8'), '--limits', 'untrusted')).toBe('SOURCE_UNREADABLE');
  });

  test('does not write over the input of a protocol around another one', () => {
    const input = join(folder, 'input.ts');
    copyFileSync(segment, input);
    const before = readFileSync(input);
    for (const source of [`concat:${input}|${input}`, `async:${input}`, `cache:${input}`])
      expect(failure('run', source, '--out', input)).toBe('SOURCE_REFUSED');
    expect(readFileSync(input).equals(before)).toBe(true);
  });
});

describe.skipIf(noAddon !== undefined)('the API', () => {
  test('does not wait for what is no file', async () => {
    const fifo = join(folder, 'fifo.mp4');
    execFileSync('mkfifo', [fifo]);
    for (const uri of [fifo, '/dev/zero', '/proc/self/environ'])
      await expect(probe(uri)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
    await expect(probe(`${clip}\0.png`)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('counts the bytes of all segments, also over HTTP', async () => {
    const bytes = readFileSync(segment);
    const entry = '#EXT-X-DISCONTINUITY\n#EXTINF:1,\nsegment.ts\n';
    const list = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${entry.repeat(6)}#EXT-X-ENDLIST\n`;
    const server = await listening((url) => (url.endsWith('.ts') ? bytes : list));
    const uri = `${server.uri}/list.m3u8`;
    expect(await framesOf(uri, { limits: { maxBytes: 7 * bytes.length } })).toBe(150);
    await expect(framesOf(uri, { limits: { maxBytes: 3 * bytes.length } })).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      message: expect.stringContaining('limits.maxBytes'),
    });
    server.close();
  });

  test('names the limit that a source exceeds', async () => {
    for (const limits of [{ maxBytes: 100 }, { maxPixels: 3071 }, { maxDurationMs: 900 }])
      await expect(probe(clip, { limits })).rejects.toMatchObject({
        code: 'SOURCE_TOO_LARGE',
        message: expect.stringContaining(`limits.${Object.keys(limits)[0]}`),
      });
    await expect(probe(clip, { limits: { maxPixels: 3072, maxDurationMs: 2000 } })).resolves.toMatchObject({
      width: 64,
    });
  });

  test('keeps images to the folder of the first', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    for (const path of [join(inner, 'a.png'), join(folder, 'outer.png')])
      execFileSync('ffmpeg', ['-v', 'error', '-i', clip, '-frames:v', '1', path]);
    symlinkSync('../outer.png', join(inner, 'b.png'));
    const run = pipeline(images([join(inner, 'a.png'), join(inner, 'b.png')], { limits: { jail: inner } })).start();
    await expect(
      run.then(async (started) => {
        for await (const _ of started);
      }),
    ).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
  });

  test('connects to no private network where none can be held to it', async () => {
    const server = await listening(() => readFileSync(segment));
    for (const limits of ['untrusted', { hosts: ['example.com'] }, { privateNetworks: false }] as const)
      await expect(probe(`${server.uri}/a.ts`, { limits: limits as 'untrusted' })).rejects.toMatchObject({
        code: 'SOURCE_REFUSED',
      });
    server.close();
  });
});
