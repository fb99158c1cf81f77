import { describe, expect, test } from 'vitest';
import * as format from '../../bench/format.mjs';

describe('numbers', () => {
  test('have three digits that matter', () => {
    const texts = [1842.4, 168.42, 99.96, 10.72, 9.999, 2.276, 0.996, 0.3612, 0.00401, 0, -12.34].map(format.number);
    expect(texts).toEqual(['1,842', '168', '100', '10.7', '10.0', '2.28', '1.00', '0.36', '0.0040', '0', '-12.3']);
  });

  test('that are none are a dash, with or without a unit', () => {
    const none = [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, '7', {}] as number[];
    for (const show of [format.number, format.count, format.ms, format.fps, format.megabytes, format.gibibytes])
      expect(none.map(show)).toEqual(none.map(() => '–'));
    expect(none.map(format.times)).toEqual(none.map(() => '–'));
    expect(none.map(format.percent)).toEqual(none.map(() => '–'));
  });

  test('that count things have no decimals', () => {
    expect([2, 97, 1200, 2.5].map(format.count)).toEqual(['2', '97', '1,200', '2.50']);
  });

  test('have their unit', () => {
    expect([format.ms(3.49), format.fps(168.4), format.times(1.37)]).toEqual(['3.49 ms', '168 fps', '1.37×']);
    expect([format.megabytes(143e6), format.gibibytes(24 * 2 ** 30)]).toEqual(['143 MB', '24 GiB']);
  });
});

describe('shares', () => {
  test('that are nearly all or nearly nothing do not become all or nothing', () => {
    const texts = [0, 0.0001, 0.002, 0.04, 0.5, 0.998, 0.9999, 1].map(format.percent);
    expect(texts).toEqual(['0 %', '< 0.1 %', '0.2 %', '4 %', '50 %', '99.8 %', '> 99.9 %', '100 %']);
  });

  test('spreads show half of themselves, and nothing when they are nothing', () => {
    expect([0.06, 0, undefined as unknown as number].map(format.plusMinus)).toEqual(['±3 %', '', '']);
  });
});

describe('dates', () => {
  test('are in UTC to the minute', () => {
    expect(format.date('2025-11-20T10:14:59+01:00')).toBe('2025-11-20 09:14 UTC');
  });

  test('that are none stay what they are', () => {
    expect([format.date('yesterday'), format.date(undefined)]).toEqual(['yesterday', '–']);
  });
});
