/** Work that waits for its turn. */
import { expect, test } from 'vitest';
import { Turns } from '../src/hosts/turns.js';

const later = <T>(value: T, ms = 2) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

test('work that gives its value at once is done at once', () => {
  const turns = new Turns(1);
  expect([1, 2, 3].map((n) => turns.take(() => n * 2))).toEqual([2, 4, 6]);
  expect(() =>
    turns.take(() => {
      throw new RangeError('no');
    }),
  ).toThrow(RangeError);
  expect(turns.take(() => 'after')).toBe('after');
});

test('work that takes its time is done one after the other, in order, whatever becomes of it', async () => {
  for (const most of [1, 2]) {
    const turns = new Turns(most);
    const begun: number[] = [];
    let [busy, busiest] = [0, 0];
    const work = (n: number) => async () => {
      begun.push(n);
      busiest = Math.max(busiest, ++busy);
      await later(0, 5 - n);
      busy--;
      if (n === 2) throw new RangeError('no');
      return n;
    };
    const given = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => turns.take(work(n))));
    expect(given.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)))).toEqual([
      0,
      1,
      'RangeError: no',
      3,
      4,
    ]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    expect(busiest).toBe(most);
  }
});

test('waits for anything that can be waited for, and asks it once', async () => {
  const turns = new Turns(1);
  const events: string[] = [];
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: a query of another library
    then(resolve: (value: string) => void) {
      events.push('begun');
      setTimeout(() => resolve('done'), 5);
    },
  };
  const first = turns.take(() => thenable);
  const after = turns.take(() => events.push('after'));
  expect(await first).toBe('done');
  await after;
  expect(events).toEqual(['begun', 'after']);
});

test('closed, nothing begins that had not begun', async () => {
  const turns = new Turns(1);
  const events: string[] = [];
  const first = turns.take(() => later('first'));
  void turns.take(() => events.push('second'));
  turns.close();
  void turns.take(() => events.push('third'));
  expect(await first).toBe('first');
  await later(0, 5);
  expect(events).toEqual([]);
});

test('after a millisecond of work the event loop turns first', async () => {
  const turns = new Turns(1);
  const events: string[] = [];
  const work = (name: string) => () => {
    const until = performance.now() + 3;
    while (performance.now() < until);
    events.push(name);
  };
  setImmediate(() => events.push('others'));
  turns.take(work('first'));
  await turns.take(work('second'));
  expect(events).toEqual(['first', 'others', 'second']);
});
