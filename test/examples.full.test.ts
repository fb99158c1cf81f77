/** Every example runs as it stands, on clips made here. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { python } from './api/analyzer-files.js';
import { complete, decoded, facesClip, folderFor, root } from './api/clips.js';

describe.skipIf(!complete)('examples', () => {
  const folder = folderFor('examples');
  afterAll(() => rmSync(folder, { recursive: true }));
  const clip = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? path : facesClip(path);
  };
  const run = (name: string, ...args: string[]) =>
    execFileSync('node', [join(root, 'examples', name), ...args], { cwd: folder, encoding: 'utf8', timeout: 120_000 });

  test('split-screen writes a programme with sound', () => {
    const out = join(folder, 'split.mp4');
    expect(run('split-screen.mjs', clip('a.mp4'), clip('b.mp4'), out)).toContain('h264');
    expect(decoded(out)).toMatchObject({ frames: 75, width: 1920, height: 1080, audio: true });
  });

  test('people-timeline finds the same people in both files', () => {
    const text = run('people-timeline.mjs', clip('a.mp4'), clip('b.mp4'));
    expect(text).toMatch(/person 1\n {2}.*a\.mp4: 0 s to .*\n {2}.*b\.mp4: 0 s to /);
  });

  test('redact writes every frame', () => {
    const out = join(folder, 'redacted.mp4');
    run('redact.mjs', clip('a.mp4'), out);
    expect(decoded(out).frames).toBe(75);
  });

  test.each(['inline', 'thread', 'process'])('people-counter counts the same people in a %s', (isolation) => {
    expect(run('people-counter.mjs', clip('a.mp4'), isolation)).toMatch(/ms: ([1-9]) there, \d+ so far/);
  });

  test('python-analyzer sees the faces', () => {
    expect(run('python-analyzer.mjs', clip('a.mp4'), python)).toMatch(/^0 ms \[ \d+/);
  });

  test('analyzer reads pixels and boxes', () => {
    expect(run('analyzer.mjs', clip('a.mp4'))).toMatch(/^0 ms \{ mean: \d+, faces: [1-9] \}/);
  });
});
