import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newestPerMachine, readmeBlock, withBlock } from '../../bench/readme-table.mjs';
import { fixture, type Result } from './fixtures.js';

const script = fileURLToPath(new URL('../../bench/readme-table.mjs', import.meta.url));
const empty = '# Title\n\n<!-- bench:begin -->\n<!-- bench:end -->\n\nAfter.\n';

test('README.md has the results of bench/results', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

describe('the program', () => {
  let folder: string;
  let readme: string;

  const run = (...options: string[]) =>
    spawnSync(process.execPath, [script, '--readme', readme, '--results', join(folder, 'results'), ...options], {
      encoding: 'utf8',
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'framepath-readme-'));
    readme = join(folder, 'README.md');
    writeFileSync(readme, empty);
    mkdirSync(join(folder, 'results'));
    writeFileSync(join(folder, 'results/full.json'), JSON.stringify(fixture('full')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('checks without writing', () => {
    const { status, stderr } = run('--check');
    expect(status).toBe(1);
    expect(stderr).toContain('run: node bench/readme-table.mjs');
    expect(readFileSync(readme, 'utf8')).toBe(empty);
  });

  test('writes what the check then finds in order, and writes it once', () => {
    expect(run().status).toBe(0);
    const written = readFileSync(readme, 'utf8');
    expect(written).toMatch(/^# Title\n\n<!-- bench:begin -->\n\nSample CPU[\s\S]+<!-- bench:end -->\n\nAfter\.\n$/);
    expect(run('--check').status).toBe(0);
    expect(run().status).toBe(0);
    expect(readFileSync(readme, 'utf8')).toBe(written);
  });

  test('finds a figure changed by hand', () => {
    run();
    writeFileSync(readme, readFileSync(readme, 'utf8').replace('168 fps', '198 fps'));
    expect(run('--check').status).toBe(1);
  });

  test('empties the block when there are no results', () => {
    run();
    rmSync(join(folder, 'results'), { recursive: true });
    expect(run().status).toBe(0);
    expect(readFileSync(readme, 'utf8')).toBe(empty);
  });
});

describe('the block', () => {
  test('names machine, versions, command and date, and shows the tables', () => {
    const block = readmeBlock([fixture('full')]);
    for (const fact of [
      'Sample CPU @ 2.60GHz, 2 cores',
      'onnxruntime 1.29.0',
      '`framepath bench`, 2025-11-20 09:14 UTC',
    ])
      expect(block).toContain(fact);
    expect(block).toContain('| A | ffmpeg-pipe | 123 fps ±2 % | 14.3 | 231 MB |');
    expect(block).toContain('| A | ffmpeg-pipe | 1.37× | 0.75× |');
  });

  test('names what was not measured', () => {
    expect(readmeBlock([fixture('partial')])).toContain("A: opencv (python3 has no module named 'cv2')");
    expect(readmeBlock([fixture('partial')])).toContain('`framepath bench --quick`');
    expect(readmeBlock([fixture('full')])).not.toContain('Not measured');
  });

  test('has the newest result of every machine, newest first', () => {
    const dates = (results: Result[]) => newestPerMachine(results).map(({ date }) => date.slice(0, 10));
    const [full, partial, noisy] = [fixture('full'), fixture('partial'), fixture('noisy')];
    expect(dates([noisy, partial, full])).toEqual(['2025-11-20', '2025-11-18']);
    expect(dates([full, noisy, partial])).toEqual(['2025-11-20', '2025-11-18']);
  });

  test('prefers a full run to a newer quick one', () => {
    const quick = { ...fixture('full'), date: '2025-12-01T00:00:00.000Z', quick: true };
    for (const results of [
      [fixture('full'), quick],
      [quick, fixture('full')],
    ])
      expect(newestPerMachine(results)).toEqual([fixture('full')]);
  });

  test('needs its two marks, once and in order', () => {
    expect(withBlock('a<!-- bench:begin -->old<!-- bench:end -->b', 'new\n')).toBe(
      'a<!-- bench:begin -->\nnew\n<!-- bench:end -->b',
    );
    for (const readme of ['nothing', '<!-- bench:begin -->', '<!-- bench:end --><!-- bench:begin -->', empty + empty])
      expect(() => withBlock(readme, '')).toThrow(/needs one/);
  });
});
