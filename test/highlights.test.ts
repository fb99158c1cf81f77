/** The parts of the highlights example that decide. */
import { describe, expect, test } from 'vitest';
import { feeling, peaks, rise } from '../examples/analyzers/highlights.js';

interface Event {
  startMs: number;
  peakMs: number;
  endMs: number;
  peak: number;
}

/** What comes of a signal, 25 a second. */
function eventsOf(values: number[], options = {}): { events: Event[]; open: Event | undefined } {
  const found = peaks({ smoothMs: 1, ...options });
  const events: Event[] = [];
  let open: Event | undefined;
  values.forEach((value, i) => {
    const change = found.add(i * 40, value);
    open = change.open;
    if (change.ended) events.push(change.ended);
  });
  return { events, open };
}
const times = (n: number, value: number) => Array.from({ length: n }, () => value);

describe('peaks', () => {
  test('begin at the high threshold and end when it has been below the low one for a while', () => {
    const { events, open } = eventsOf([...times(10, 0.1), ...times(5, 0.6), 0.9, ...times(4, 0.4), ...times(30, 0.1)]);
    expect(open).toBeUndefined();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ startMs: 400, peakMs: 600, endMs: 760 });
    expect(events[0]!.peak).toBeCloseTo(0.9, 5);
  });

  test('are one while they tremble, and two when it was quiet between', () => {
    const burst = times(10, 0.8);
    expect(eventsOf([...burst, ...times(5, 0), ...burst, ...times(30, 0)]).events).toHaveLength(1);
    expect(eventsOf([...burst, ...times(15, 0), ...burst, ...times(30, 0)]).events).toHaveLength(2);
  });

  test('do not begin between the thresholds, nor of what is short', () => {
    expect(eventsOf(times(50, 0.4))).toEqual({ events: [], open: undefined });
    expect(eventsOf([...times(3, 0.9), ...times(30, 0)]).events).toEqual([]);
    expect(eventsOf([0, 1, ...times(30, 0)], { smoothMs: 300, leastMs: 0 }).events).toEqual([]); // one frame is smoothed away
  });

  test('that go on are reported as open', () => {
    const { events, open } = eventsOf([...times(10, 0), ...times(20, 0.9)]);
    expect(events).toEqual([]);
    expect(open).toMatchObject({ startMs: 400, endMs: 1160 });
  });
});

test('a feeling is what is not neutral, of whoever feels most', () => {
  const face = (...classes: [string, number][]) => ({ classes: classes.map(([label, score]) => ({ label, score })) });
  expect(feeling([])).toBe(0);
  expect(feeling([face(['neutral', 0.9], ['happy', 0.1]), face(['happy', 0.7], ['neutral', 0.3]), face()])).toBe(0.7);
  expect(feeling([face(['neutral', 1])])).toBe(0);
});

test('who always smiles is no event, who begins to smile is one', () => {
  const above = rise();
  expect(above(0, 0.9)).toBe(0);
  expect(above(1000, 0.9)).toBeCloseTo(0, 6);
  expect(above(60_000, 0.1)).toBe(0);
  expect(above(61_000, 0.9)).toBeGreaterThan(0.5);
});
