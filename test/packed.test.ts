import { expect, test } from 'vitest';
import { moduleOffsets, readValue, records } from '../src/packed.js';
import {
  block,
  boxClasses,
  classes,
  detections,
  external,
  masked,
  nothing,
  people,
  record,
  tensors,
  tracks,
} from './packed-records.js';

const task = { taskId: 9, source: 1, seq: 3, index: 6, ptsUs: 120_000, width: 640, height: 360 };
const all = [
  detections(2, 7, 1),
  nothing,
  tracks(2),
  people(3),
  classes([[4, 0.5]]),
  tensors({ dims: [2, 2], data: [1, 2, 3, 4] }, { dims: [], data: [5] }),
  external,
  detections(0),
  masked([480, 640], [0, 10], [10, 1]),
  boxClasses([5, [1, 0.75], [0, 0.25]], [0]),
  detections(1),
];

test('records follow one another', () => {
  const one = record(task, all);
  const three = block([...one, ...one, ...record(task, [])]);
  expect([...records(three)]).toEqual([0, one.length, 2 * one.length]);
});

test('a record that cannot be is refused instead of read forever', () => {
  expect(() => [...records(block(new Array(16).fill(0)))]).toThrow(RangeError);
});

test('every kind of value is found behind every other', () => {
  const results = block([...record(task, []), ...record(task, all)], '0123456789o');
  const at = [...records(results)][1]!;
  const values = moduleOffsets(results, at, all.length).map((offset) => readValue(results, offset, undefined));
  expect(values[0]).toEqual([
    { box: [7, 5, 15, 13], score: 0.9, class: 0, keypoints: [[7, 0.5]] },
    { box: [17, 5, 25, 13], score: 0.89, class: 0, keypoints: [[8, 1.5]] },
  ]);
  expect(values[1]).toBeUndefined();
  expect(values[2]).toHaveLength(2);
  expect(values[3]).toMatchObject([{ track: 1, id: 1, detection: 0 }, { track: 2, id: 2 }, { track: 3 }]);
  expect(values[3]).not.toHaveProperty('2.id');
  expect(values[4]).toEqual([{ class: 4, score: 0.5 }]);
  expect(values[5]).toEqual([
    { dims: [2, 2], data: Float64Array.of(1, 2, 3, 4) },
    { dims: [], data: Float64Array.of(5) },
  ]);
  expect(values[7]).toEqual([]);
  expect(values[8]).toEqual([
    {
      box: [0, 0, 9, 9],
      score: 0.5,
      class: 0,
      keypoints: [[1, 2]],
      keypointScores: [0.25],
      mask: { size: [480, 640], counts: '0123456789' },
    },
    {
      box: [1, 1, 10, 10],
      score: 0.5,
      class: 1,
      keypoints: [[3, 4]],
      keypointScores: [0.75],
      mask: { size: [480, 640], counts: 'o' },
    },
  ]);
  expect(values[9]).toEqual([
    {
      box: [1, 2, 3, 4],
      track: 5,
      classes: [
        { class: 1, score: 0.75 },
        { class: 0, score: 0.25 },
      ],
    },
    { box: [1, 2, 3, 4], classes: [] },
  ]);
  expect(values[10]).toHaveLength(1);
});

test('classes have the names of the model', () => {
  const results = block(record(task, [detections(1), classes([[1, 0.5]]), boxClasses([0, [1, 0.5]])]));
  const offsets = moduleOffsets(results, 0, 3);
  expect(readValue(results, offsets[2]!, ['cat', 'dog'])).toMatchObject([{ classes: [{ label: 'dog' }] }]);
  expect(readValue(results, offsets[0]!, ['face'])).toMatchObject([{ class: 0, label: 'face' }]);
  expect(readValue(results, offsets[1]!, ['cat', 'dog'])).toEqual([{ class: 1, label: 'dog', score: 0.5 }]);
});
