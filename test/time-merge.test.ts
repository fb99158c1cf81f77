import { expect, test } from 'vitest';
import { TimeMerge } from '../src/writers/time-merge.js';

test('a line waits for the sources that are behind', () => {
  const merge = new TimeMerge();
  merge.push(0, 0, 'a0 ');
  expect(merge.take([0, 1])).toEqual([]);
  merge.push(1, 0, 'b0 ');
  merge.push(1, 40, 'b40 ');
  expect(merge.take([0, 1])).toEqual(['a0 ']);
  merge.push(0, 50, 'a50 ');
  expect(merge.take([0, 1])).toEqual(['b0 ', 'b40 ']);
});

test('a source that has ended is not waited for', () => {
  const merge = new TimeMerge();
  merge.push(0, 10, 'a');
  merge.push(0, 20, 'b');
  expect(merge.take([0])).toEqual(['a', 'b']);
});

test('what is left comes in order at the end', () => {
  const merge = new TimeMerge();
  for (let i = 0; i < 1000; i++)
    for (const source of [2, 0, 1]) merge.push(source, i * (source + 1), `${i * (source + 1)}/${source}`);
  const keys = merge.take([]).map((line) => line.split('/').map(Number) as [number, number]);
  expect(keys).toHaveLength(3000);
  expect(keys).toEqual([...keys].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
});

test('a source that stays away cannot make it hold everything', () => {
  const merge = new TimeMerge();
  const line = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 70; i++) merge.push(0, i, line);
  expect(merge.take([0, 1])).toHaveLength(6);
});
