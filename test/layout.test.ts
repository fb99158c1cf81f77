import { describe, expect, test } from 'vitest';
import { focus, follow, grid, layout, split } from '../src/index.js';
import { type Layout, layoutSpec } from '../src/layout.js';

const spec = (from: Layout, sources = 2) => layoutSpec(from, sources, (ref) => Number(ref));

describe('layouts become native specs', () => {
  test('split follows a source each', () => {
    const from = split({
      left: follow('people', { source: 1, zoom: 2 }),
      right: follow('people', { pick: { id: 7 } }),
    });
    expect(spec(from)).toEqual({
      kind: 'split',
      width: 1920,
      height: 1080,
      tiles: [
        { source: 1, follow: { module: 'people', pick: 'main', zoom: 2 } },
        { source: 1, follow: { module: 'people', pick: 'id', value: 7 } },
      ],
    });
  });

  test('a follow without a source takes the source of its position, or the only one', () => {
    const from = split({ left: follow('people'), right: follow('people', { pick: 1 }) });
    expect(spec(from, 2).tiles.map(({ source }) => source)).toEqual([0, 1]);
    expect(spec(from, 1).tiles).toEqual([
      { source: 0, follow: { module: 'people', pick: 'main' } },
      { source: 0, follow: { module: 'people', pick: 'rank', value: 1 } },
    ]);
  });

  test('grid and focus show every source by default', () => {
    expect(spec(grid(), 3).tiles).toEqual([{ source: 0 }, { source: 1 }, { source: 2 }]);
    expect(spec(focus(), 2)).toMatchObject({ kind: 'focus', tiles: [{ source: 0 }, { source: 1 }] });
  });

  test('custom tiles keep their place and order', () => {
    const tiles = [
      { show: 0, rect: [0, 0, 640, 360] as [number, number, number, number] },
      {
        show: { source: 1, fit: 'contain' as const },
        rect: [10, 10, 50, 50] as [number, number, number, number],
        alpha: 0.5,
      },
    ];
    expect(spec(layout({ width: 640, height: 360, tiles })).tiles).toEqual([
      { source: 0, rect: [0, 0, 640, 360], z: 0 },
      { source: 1, fit: 'contain', rect: [10, 10, 50, 50], alpha: 0.5, z: 1 },
    ]);
  });

  test('rates are exact fractions', () => {
    const fps = (rate: number | [number, number]) => spec(grid({ fps: rate })).fps;
    expect(fps(25)).toEqual([25, 1]);
    expect(fps(29.97)).toEqual([30000, 1001]);
    expect(fps(23.976)).toEqual([24000, 1001]);
    expect(fps(12.5)).toEqual([12500, 1000]);
    expect(fps([60000, 1001])).toEqual([60000, 1001]);
  });

  test('colours are limited-range BT.709', () => {
    const yuv = (background: string) => spec(grid({ background })).background;
    expect(yuv('#000000')).toEqual([16, 128, 128]);
    expect(yuv('#ffffff')).toEqual([235, 128, 128]);
    expect(yuv('#ff0000')).toEqual([63, 102, 240]);
  });

  test('redaction and drawing name their modules', () => {
    const from = grid({ redact: { of: 'faces', margin: 0.2 }, draw: { boxes: 'people', time: true } });
    const { redact, draw } = JSON.parse(JSON.stringify(spec(from)));
    expect(redact).toEqual({ module: 'faces', margin: 0.2 });
    expect(draw).toEqual({ boxes: 'people', time: true });
    expect(from.modules).toEqual(['faces', 'people']);
  });
});
