/** Boxes of analyzers on their way to the native side. */
import { describe, expect, test } from 'vitest';
import type { PipelineSpec } from '../src/generated/specs.js';
import { modulesReadForBoxes, packedBoxes } from '../src/run/packed-boxes.js';

describe('boxes of a value', () => {
  test('are rows of track, id, box and score; what is absent is none, and sure', () => {
    const people = [{ box: [1, 2, 3, 4], track: 7, id: 2, score: 0.5, more: 'ignored' }, { box: [5, 6, 7, 8.5] }];
    expect([...packedBoxes(people)]).toEqual([7, 2, 1, 2, 3, 4, 0.5, 0, 0, 5, 6, 7, 8.5, 1]);
    expect([...packedBoxes([])]).toEqual([]);
    expect([...packedBoxes([{ box: [-1e300, 0, 1e300, 5] }])]).toEqual([0, 0, -1e300, 0, 1e300, 5, 1]); // nearer natively
  });

  test.each([
    [undefined],
    [null],
    ['no'],
    [[1]],
    [[{ box: [1, 2, 3] }]],
    [[{ box: [1, 2, 3, Number.NaN] }]],
    [[null]],
    [[{ box: [1, 2, 3, 4], track: 'a' }]],
    [[{ box: [1, 2, 3, 4], id: 2 ** 40 }]],
    [[{ box: [1, 2, 3, 4], score: Number.NaN }]],
  ])('is refused when it is %j', (value) => {
    expect(() => packedBoxes(value)).toThrow('Expected a list of { box: [x1, y1, x2, y2]');
  });

  test('are refused when there are more than can be drawn, before they are looked at', () => {
    expect(() => packedBoxes(Array.from({ length: 5000 }))).toThrow('at most 4096 boxes a frame');
    expect(() => packedBoxes(Object.assign([], { length: 2 ** 32 - 1 }))).toThrow('at most 4096 boxes a frame');
  });
});

test('modules are read for boxes by layouts, crops and classifiers', () => {
  const spec = {
    compositions: [
      { layout: { redact: { module: 'hidden' }, tiles: [{ source: 0, follow: { module: 'followed' } }] } },
      { layout: { draw: { boxes: 'drawn' }, tiles: [{ source: 1 }] } },
    ],
    modules: [
      { kind: 'js', input: { crop: 'cropped' } },
      { kind: 'js', input: {} },
      { kind: 'classify', of: 'faces' },
    ],
  } as unknown as PipelineSpec;
  expect([...modulesReadForBoxes(spec)].sort()).toEqual(['cropped', 'drawn', 'faces', 'followed', 'hidden']);
  expect(modulesReadForBoxes({ ...spec, compositions: undefined, modules: [] } as never).size).toBe(0);
});
