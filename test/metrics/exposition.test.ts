/** Prometheus' text format, without a run. */
import { describe, expect, test } from 'vitest';
import type { Percentiles } from '../../src/generated/results.js';
import { exposition } from '../../src/metrics/exposition.js';
import { families, histogram } from '../../src/metrics/families.js';
import { parse } from './parse.js';

const percentiles = (octaves: [number, number][], sum = 0): Percentiles => ({
  p50: 0,
  p95: 0,
  p99: 0,
  max: 0,
  sum,
  octaves,
});

describe('the text', () => {
  test('escapes what labels and helps may contain', () => {
    const labels = { source: 'C:\\cam "1"\nnext', output: '' };
    const text = exposition([
      { name: 'a_total', help: 'Two\nlines \\', kind: 'counter', samples: [{ labels, value: 1 }] },
    ]);
    expect(text).toBe(
      '# HELP a_total Two\\nlines \\\\\n# TYPE a_total counter\n' +
        'a_total{source="C:\\\\cam \\"1\\"\\nnext",output=""} 1\n',
    );
    expect(parse(text).get('a_total')!.samples).toEqual([{ name: 'a_total', labels, value: 1 }]);
  });

  test('writes numbers as Prometheus reads them, and leaves families without samples out', () => {
    const samples = [0, 0.25, 1e21, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    const text = exposition([
      { name: 'none', help: '', kind: 'gauge', samples: [] },
      { name: 'a', help: 'A.', kind: 'gauge', samples: samples.map((value, i) => ({ labels: { i: `${i}` }, value })) },
    ]);
    const values = text
      .trim()
      .split('\n')
      .slice(2)
      .map((line) => line.split(' ')[1]);
    expect(values).toEqual(['0', '0.25', '1e+21', '+Inf', '-Inf', 'NaN']);
    expect(text).not.toContain('none');
  });
});

describe('a histogram', () => {
  test('counts octaves into the buckets above them', () => {
    const sample = histogram(
      { stage: 'faces' },
      percentiles(
        [
          [0.064, 3],
          [0.128, 2],
          [1.024, 5],
          [16777.216, 1],
        ],
        1500,
      ),
    );
    if (!('below' in sample)) throw new Error('not a histogram');
    expect(sample).toMatchObject({ labels: { stage: 'faces' }, sum: 1.5, count: 11 });
    const below = new Map(sample.below);
    expect([0.000128, 0.000256, 0.000512, 0.001024, 8.38861].map((bound) => below.get(bound))).toEqual([
      5, 5, 5, 10, 10,
    ]);
    expect(sample.below).toHaveLength(17);
  });

  test('of nothing is all zeros', () => {
    const sample = histogram({}, percentiles([]));
    expect(sample).toMatchObject({ sum: 0, count: 0 });
    expect('below' in sample && sample.below.every(([, count]) => count === 0)).toBe(true);
  });
});

describe('the list', () => {
  test('has names by the conventions: a prefix, base units, _total for counters only', () => {
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    for (const { name, kind, help } of families) {
      expect(name).toMatch(/^framepath_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(kind === 'counter');
      expect(name).not.toMatch(/(_ms|_milliseconds|_percent|_kb|_mb)\b/);
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
    }
  });
});
