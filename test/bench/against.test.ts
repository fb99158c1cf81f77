import { describe, expect, test } from 'vitest';
import { againstMarkdown, againstText, compare } from '../../bench/against.mjs';
import { fixture, paths, type Result, replaced, small } from './fixtures.js';

/** The row of a figure in the comparison of a full result with a changed copy of it as the earlier one. */
function rowAfter(change: (earlier: Result, now: Result) => void, key: string, metric: string) {
  const [now, earlier] = [fixture('full'), fixture('full')];
  change(earlier, now);
  return compare(now, earlier).rows.find((row) => row.key === key && row.metric === metric)!;
}

describe('a change', () => {
  test('is none between a result and itself', () => {
    const { rows, warnings, onlyNow, onlyEarlier } = compare(fixture('full'), fixture('full'));
    expect(rows).toHaveLength(8 * 3 + 8 + 32);
    expect(rows.filter(({ ratio, changed }) => ratio !== 1 || changed)).toEqual([]);
    expect([warnings, onlyNow, onlyEarlier]).toEqual([[], [], []]);
  });

  test('counts when it is larger than both spreads, not when it is larger than one', () => {
    const from = (spread: number) => (earlier: Result) => {
      earlier.pipelines[0].fps *= 0.9;
      earlier.pipelines[0].fpsSpread = spread;
    };
    expect(rowAfter(from(0.02), 'A · framepath', 'fps')).toMatchObject({ changed: true, better: true, margin: 0.06 });
    expect(rowAfter(from(0.2), 'A · framepath', 'fps')).toMatchObject({ changed: false, better: null, margin: 0.2 });
  });

  test('is better upwards for fps, downwards for time and memory', () => {
    const half = (section: string, field: string) => (earlier: Result) => {
      earlier[section][0][field] /= 2;
    };
    expect(rowAfter(half('pipelines', 'fps'), 'A · framepath', 'fps').better).toBe(true);
    expect(rowAfter(half('pipelines', 'cpuSecondsPer1000'), 'A · framepath', 'CPU s/1000 frames').better).toBe(false);
    expect(rowAfter(half('pipelines', 'peakRssBytes'), 'A · framepath', 'peak RSS').better).toBe(false);
    expect(rowAfter(half('stages', 'cpuMs'), 'decode · 1080p h264', 'CPU').better).toBe(false);
    const kernel = 'letterbox · 1080p I420 to 256x256 NCHW float · scalar';
    expect(rowAfter(half('kernels', 'ms'), kernel, 'time')).toMatchObject({ better: false, ratio: 2 });
  });

  test('is judged alike in both directions', () => {
    const [full, noisy] = [fixture('full'), fixture('noisy')];
    const forth = compare(full, noisy).rows;
    const back = compare(noisy, full).rows;
    const inverted = back.map(({ changed, better }) => [changed, better === null ? null : !better]);
    expect(inverted).toEqual(forth.map(({ changed, better }) => [changed, better]));
  });

  test('of a single trial has no spread of its own, so a few percent are nothing', () => {
    const single = (by: number) => (earlier: Result, now: Result) => {
      for (const row of [earlier.pipelines[0], now.pipelines[0]]) Object.assign(row, { trials: 1, fpsSpread: 0 });
      earlier.pipelines[0].fps *= by;
    };
    expect(rowAfter(single(0.97), 'A · framepath', 'fps').changed).toBe(false);
    expect(rowAfter(single(0.9), 'A · framepath', 'fps').changed).toBe(true);
  });

  test('in a noisy row is marked', () => {
    const text = againstText(compare(fixture('full'), fixture('noisy')));
    expect(text).toMatch(/A · framepath +fps +121 fps +168 fps +1\.39× +22 % +better, noisy/);
    expect(text).toMatch(/12 better, 0 worse, 16 the same\.\n$/);
  });
});

describe('what cannot be compared', () => {
  test('is listed by side, with the reason of the other side', () => {
    const { onlyNow, onlyEarlier } = compare(fixture('full'), fixture('partial'));
    expect(onlyNow).toContainEqual({
      section: 'pipelines',
      key: 'A · node-av',
      reason: 'needs Node 22 or later, this is 20.20.0',
    });
    expect(onlyNow).toContainEqual({ section: 'pipelines', key: 'B · framepath', reason: null });
    expect(onlyNow.find(({ section }) => section === 'kernels')?.reason).toMatch(/conformance program is not built/);
    expect(onlyEarlier).toEqual([]);
    const swapped = compare(fixture('partial'), fixture('full'));
    expect(swapped.onlyEarlier).toEqual(onlyNow);
    expect(againstText(swapped)).toContain('Only earlier:\n- pipelines: A · framepath (published model)\n');
  });

  test('two rows of one name are two rows', () => {
    const [now, earlier] = [fixture('full'), fixture('full')];
    for (const result of [now, earlier]) result.stages.push({ ...result.stages[0], cpuMs: 9 });
    const { rows } = compare(now, earlier);
    expect(rows.map(({ key }) => key)).toContain('decode · 1080p h264 (2)');
  });

  test('another machine, other versions, other settings and quick runs cause warnings', () => {
    const [now, earlier] = [fixture('full'), fixture('full')];
    earlier.machine.cpu = 'Another CPU';
    earlier.versions.ffmpeg = '7.1';
    earlier.quick = true;
    earlier.pipelines[0].settings = 'one thread';
    expect(compare(now, earlier).warnings).toEqual([
      'machine: cpu differs: Another CPU then, Sample CPU @ 2.60GHz now',
      'version of ffmpeg differs: 7.1 then, 5.1.9 now',
      'quick differs: yes then, no now',
      'settings of A · framepath differ: one thread then, decode 2 threads, faces 2 workers now',
    ]);
  });

  test('a few bytes more of memory are the same machine', () => {
    const earlier = fixture('full');
    earlier.machine.memoryBytes -= 4096;
    expect(compare(fixture('full'), earlier).warnings).toEqual([]);
  });
});

test('whatever is missing or strange on one side, the text has no NaN, undefined or null', () => {
  const result = small(fixture('full'));
  for (const path of paths(result))
    for (const value of [undefined, null, 0, 'word']) {
      const changed = replaced(result, path, value);
      const text = againstText(compare(changed, result)) + againstMarkdown(compare(result, changed));
      expect(text.match(/NaN|undefined|Infinity|\[object|null/), `${path.join('.')} = ${value}`).toBeNull();
    }
});
