/** Every example runs as it stands, on clips made here. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
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

  test('split-screen writes a file with audio', () => {
    const out = join(folder, 'split.mp4');
    expect(run('split-screen.mjs', clip('a.mp4'), clip('b.mp4'), out)).toContain('h264');
    expect(decoded(out)).toMatchObject({ frames: 75, width: 1920, height: 1080, audio: true });
  });

  test('people-timeline finds the same people in both files', () => {
    const text = run('people-timeline.mjs', clip('a.mp4'), clip('b.mp4'));
    expect(text).toMatch(/person 1\n {2}.*a\.mp4: 0 s to .*\n {2}.*b\.mp4: 0 s to /);
  });

  test('highlights finds the moment in which something moves, and cuts it out', () => {
    const photo = join(root, 'node_modules/@vladmandic/face-api/demo/sample3.jpg');
    const burst = join(folder, 'burst.mp4');
    // Two seconds still, one of movement, two still.
    const slide = "crop=1280:720:x='250+400*clip(t-2,0,1)':y=150,scale=640:360,fps=25";
    const still = ['-loop', '1', '-framerate', '25', '-i', photo, '-vf', slide, '-t', '5', '-pix_fmt', 'yuv420p'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...still, '-preset', 'veryfast', burst]);
    const out = join(folder, 'highlights.json');
    expect(run('highlights.mjs', burst, out, join(folder, 'clips'))).toContain('1 highlights');
    const [event, ...more] = JSON.parse(readFileSync(out, 'utf8'));
    expect(more).toEqual([]);
    expect(event.startMs).toBeGreaterThanOrEqual(2000);
    expect(event.startMs).toBeLessThan(2500);
    expect(event.endMs).toBeGreaterThan(2700);
    expect(event.endMs).toBeLessThan(3400);
    const { frames } = decoded(join(folder, 'clips/highlight-1.mp4'));
    expect(Math.abs(frames - (event.endMs - event.startMs + 1000) / 40)).toBeLessThanOrEqual(1);
  });

  test('metrics serves what a scraper reads', () => {
    const text = run('metrics.mjs', clip('a.mp4'), '0');
    expect(text).toContain('framepath_frames_delivered_total{run="1",source="left"} 75\n');
    expect(text).toContain('framepath_results_total{run="1",module="faces",result="value"} 75\n');
    expect(text).toContain('framepath_host_answers_total{run="1",module="movement",kind="thread",instance="0"} 75\n');
  });

  test('redact-except hides everybody but one, who is hidden until he is known', () => {
    const out = join(folder, 'except.mp4');
    const [, hidden, visible] = /(\d+) faces hidden, (\d+) visible/.exec(
      run('redact-except.mjs', clip('a.mp4'), out, '1'),
    )!;
    expect(decoded(out).frames).toBe(75);
    expect(Number(hidden)).toBeGreaterThan(75);
    expect(Number(visible)).toBeGreaterThan(30);
    expect(Number(visible)).toBeLessThan(75);
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
