/** Hosts of analyzers that end, hang and come back, without threads or processes: the pool alone. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ToHost } from '../src/generated/messages.js';
import type { HostEvents, OpenHost } from '../src/hosts/host.js';
import { HostPool, type PoolOptions } from '../src/hosts/pool.js';

/** A host scripted by the test. */
class Scripted {
  readonly sent: ToHost[] = [];
  killed = false;
  readonly pid = 4711;
  readonly label = 'process 4711';
  constructor(
    readonly events: HostEvents,
    private readonly onSend: (host: Scripted, message: ToHost) => void,
  ) {}
  send(message: ToHost): void {
    this.sent.push(message);
    queueMicrotask(() => this.onSend(this, message));
  }
  kill(): void {
    if (!this.killed) queueMicrotask(() => this.events.ended('it was killed by SIGKILL'));
    this.killed = true;
  }
  unref(): void {}
  ref(): void {}
  get asked(): number {
    return (this.sent.at(-1) as { id: number }).id;
  }
}

const definition = { name: 'm', depends: [], stateless: true };
let hosts: Scripted[];
let recoveries: string[][];

/** `onAsk` answers questions; opening and closing go well unless `onOpen` is given. */
function pool(
  onAsk: (host: Scripted, id: number, n: number) => void,
  options: Partial<PoolOptions> = {},
  onOpen = (host: Scripted, _: number) => host.events.message({ kind: 'opened', definition }),
  closes = 'at once' as 'at once' | 'never',
): HostPool {
  let n = 0;
  const open: OpenHost = (_, events) => {
    const number = hosts.length;
    const host: Scripted = new Scripted(events, (_, message) => {
      if (message.kind === 'open') onOpen(host, number);
      else if (message.kind === 'ask') onAsk(host, message.id, n++);
      else if (closes === 'at once') host.events.ended('it exited with status 0');
    });
    hosts.push(host);
    return host;
  };
  const place = { isolation: 'process' as const, root: '/', inputs: 0 };
  return new HostPool(
    {
      name: 'm',
      file: 'm.js',
      options: {},
      place,
      instances: 1,
      restarts: 3,
      backoffMs: 1,
      startTimeoutMs: 0,
      timeoutMs: 0,
      ...options,
    },
    (...what) => recoveries.push(what),
    open,
  );
}

const worked = { startMs: 5, endMs: 8 };
const answer = (host: Scripted, id: number, value: unknown) =>
  host.events.message({ kind: 'answer', id, value, ...worked });
const question = { frame: { source: '0', index: 0, timeMs: 0, width: 1, height: 1 }, deps: {} };
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error) => error.code ?? error.name,
  );

beforeEach(() => {
  hosts = [];
  recoveries = [];
});

describe('a pool of hosts', () => {
  test('prefetches some requests for a host, and two for each of several, the idlest first', async () => {
    const held = new Map<Scripted, number[]>();
    const asked: number[][] = [];
    const hold = (host: Scripted, id: number) => {
      held.set(host, [...(held.get(host) ?? []), id]);
      asked.push(hosts.map((one) => held.get(one)?.length ?? 0));
    };
    const answerFirst = (host: Scripted) => answer(host, held.get(host)!.shift()!, hosts.indexOf(host));
    const two = pool(hold, { instances: 2 });
    expect(await two.start()).toEqual(definition);
    const values = Promise.all(Array.from({ length: 6 }, () => two.ask(question)));
    await vi.waitFor(() => expect(asked).toHaveLength(4));
    expect(asked).toEqual([
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    answerFirst(hosts[1]!);
    answerFirst(hosts[1]!);
    await vi.waitFor(() => expect(asked).toHaveLength(6));
    expect(asked.slice(4)).toEqual([
      [2, 1],
      [2, 2],
    ]);
    for (const host of [...hosts, ...hosts]) answerFirst(host);
    expect((await values).sort()).toEqual([0, 0, 1, 1, 1, 1]);
    await two.close();

    hosts = [];
    let most = 0;
    const one = pool((host, id, n) => {
      most = Math.max(most, n + 1);
      if (n === 7) for (let i = 7; i >= 0; i--) answer(host, id - i, i);
    });
    await one.start();
    const first = Array.from({ length: 8 }, () => one.ask(question));
    const ninth = one.ask(question);
    expect(await Promise.all(first)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    await vi.waitFor(() => expect(most).toBe(9));
    answer(hosts[0]!, hosts[0]!.asked, 'the ninth');
    expect(await ninth).toBe('the ninth');
    await one.close();
  });

  test('fails only what an ended host worked on, and asks another one the rest, in order', async () => {
    const seen: number[][] = [];
    const one = pool((host, id, n) => {
      const at = hosts.indexOf(host);
      seen[at] = [...(seen[at] ?? []), id];
      if (at === 0 && n === 1) {
        answer(host, seen[0]![0]!, 'before');
        host.events.ended('it was killed by SIGSEGV'); // in the second; the third was to be sent
      } else if (at === 1) answer(host, id, n);
    });
    await one.start();
    const results = await Promise.all([1, 2, 3, 4].map(() => codeOf(one.ask(question))));
    expect(results).toEqual(['before', 'MODULE_CRASHED', expect.any(Number), expect.any(Number)]);
    expect(results[2]).toBeLessThan(results[3] as number);
    expect(hosts).toHaveLength(2);
    expect(seen[1]).toHaveLength(2);
    await one.close();
  });

  test('counts the time of an answer from the one before', async () => {
    let turn = Promise.resolve();
    const one = pool(
      (host, id, n) => {
        turn = turn.then(() => new Promise((resolve) => setTimeout(resolve, 30))).then(() => answer(host, id, n));
      },
      { timeoutMs: 80 },
    );
    await one.start();
    expect(await Promise.all([1, 2, 3, 4, 5].map(() => one.ask(question)))).toEqual([0, 1, 2, 3, 4]);
    expect(recoveries).toEqual([]);
    await one.close();
  });

  test('fails what an ended host held, with its reason, and goes on with another', async () => {
    const one = pool((host, id, n) => (n === 1 ? host.events.ended('it was killed by SIGSEGV') : answer(host, id, n)));
    await one.start();
    expect(await one.ask(question)).toBe(0);
    const error = (await one.ask(question).catch((e) => e)) as Error;
    expect(error).toMatchObject({ code: 'MODULE_CRASHED', module: 'm' });
    expect(error.message).toContain('killed by SIGSEGV');
    expect(await one.ask(question)).toBe(2);
    expect(hosts).toHaveLength(2);
    expect(recoveries).toEqual([[expect.stringContaining('started again'), expect.stringContaining('SIGSEGV')]]);
    await one.close();
  });

  test('has failed once its budget is used up: waiting questions are rejected at once, and no host is asked any more', async () => {
    const one = pool((host) => host.events.ended('it exited with status 1'), { restarts: 2 });
    await one.start();
    expect(await Promise.all([1, 2, 3, 4, 5].map(() => codeOf(one.ask(question))))).toEqual(
      Array(5).fill('MODULE_CRASHED'),
    );
    expect(hosts).toHaveLength(3);
    expect(recoveries.map(([what]) => what)).toEqual([
      expect.stringContaining('started again'),
      expect.stringContaining('started again'),
      expect.stringContaining('has failed'),
    ]);
    const began = performance.now();
    expect(await codeOf(one.ask(question))).toBe('MODULE_CRASHED');
    expect(performance.now() - began).toBeLessThan(50);
    await one.close();
  });

  test('reports its failure once, with the reason, with questions at other hosts', async () => {
    const two = pool((host, _, n) => n === 1 && host.events.ended('it was killed by SIGSEGV'), {
      instances: 2,
      restarts: 0,
    });
    await two.start();
    const errors = await Promise.all([1, 2].map(() => two.ask(question).catch((error) => error as Error)));
    expect(recoveries.map(([what]) => what)).toEqual([expect.stringContaining('has failed')]);
    expect(recoveries[0]![1]).toContain('SIGSEGV');
    expect(errors.map((error) => (error as Error).message)).toEqual(Array(2).fill(expect.stringContaining('SIGSEGV')));
    await two.close();
  });

  test('counts starts that fail against the budget', async () => {
    const one = pool(
      (host) => host.events.ended('it exited with status 1'),
      { restarts: 3 },
      (host, number) => {
        if (number === 0) host.events.message({ kind: 'opened', definition });
        else host.events.ended('it exited with status 9');
      },
    );
    await one.start();
    expect(await codeOf(one.ask(question))).toBe('MODULE_CRASHED');
    const error = (await one.ask(question).catch((e) => e)) as Error;
    expect(error.message).toContain('status 9');
    expect(hosts).toHaveLength(4);
    await one.close();
  });

  test('waits twice as long for each restart without an answer between', async () => {
    const starts: number[] = [];
    const one = pool(
      (host, id, n) => (n < 3 || n === 4 ? host.events.ended('it exited') : answer(host, id, n)),
      { restarts: 9, backoffMs: 40 },
      (host) => {
        starts.push(performance.now());
        host.events.message({ kind: 'opened', definition });
      },
    );
    await one.start();
    for (let i = 0; i < 5; i++) await codeOf(one.ask(question));
    await one.ask(question);
    const pauses = starts.slice(1).map((at, i) => at - starts[i]!);
    expect(pauses[1]! / pauses[0]!).toBeGreaterThan(1.2);
    expect(pauses[2]! / pauses[1]!).toBeGreaterThan(1.2);
    expect(pauses[3]).toBeLessThan(pauses[2]! * 0.9); // it has answered meanwhile
    await one.close();
  });

  test('ends a host that takes too long and calls it by that', async () => {
    const one = pool((host, id, n) => n > 0 && answer(host, id, n), { timeoutMs: 20 });
    await one.start();
    expect(await codeOf(one.ask(question))).toBe('MODULE_TIMEOUT');
    expect(hosts[0]!.killed).toBe(true);
    expect(await one.ask(question)).toBe(1);
    await one.close();
  });

  test('calls by that only what took too long, also when its answer comes while the host ends', async () => {
    const one = pool(
      (host, id, n) => {
        if (hosts.length > 1) answer(host, id, n);
        else if (n === 0)
          host.kill = () => {
            answer(host, id, 'too late');
            setTimeout(() => host.events.ended('it was killed by SIGKILL'), 5);
          };
      },
      { timeoutMs: 20 },
    );
    await one.start();
    const asked = [1, 2].map(() => codeOf(one.ask(question)));
    expect(await asked[0]).toBe('MODULE_TIMEOUT');
    expect(await asked[1]).toBe(2);
    await one.close();
  });

  test('does not take its own slowness for that of a host', async () => {
    const one = pool((host, id) => setTimeout(() => answer(host, id, 'in time'), 5), { timeoutMs: 30 });
    await one.start();
    const asked = one.ask(question);
    await Promise.resolve(); // the question is sent
    const until = performance.now() + 80;
    while (performance.now() < until); // this thread is busy, the answer waits
    expect(await asked).toBe('in time');
    await one.close();
  });

  const worst = [
    ['null', null],
    ['a number', 7],
    ['a list', []],
    ['an unknown kind', { kind: '__proto__' }],
    ['a second opening', { kind: 'opened', definition }],
    ['an opening without a definition', { kind: 'opened' }],
    ['a refusal that comes late', { kind: 'unusable', error: { name: 'E', message: 'late' } }],
    ['a refusal without an error', { kind: 'unusable' }],
    ['an answer without a number', { kind: 'answer', value: 1, ...worked }],
    ['an answer to another question', { kind: 'answer', id: 99, value: 1, ...worked }],
    ['an answer without times', { kind: 'answer', id: 1, value: 1 }],
    ['an answer whose times are no times', { kind: 'answer', id: 1, value: 1, startMs: Number.NaN, endMs: 'x' }],
    ['an answer that ends before it begins', { kind: 'answer', id: 1, value: 1, startMs: 8, endMs: 5 }],
    ['an error that is none', { kind: 'failed', id: 1, error: null, ...worked }],
    ['an error without a message', { kind: 'failed', id: 1, error: { name: {} }, ...worked }],
    ['a reason that is none', { kind: 'outOfReach', id: 1, reason: 7, ...worked }],
  ] as const;

  test.each(worst)('ends a host that sends %s, and fails what it worked on', async (_, sent) => {
    const one = pool((host, id, n) => (n === 0 ? host.events.message(sent) : answer(host, id, n)));
    await one.start();
    const error = (await one.ask(question).catch((e: unknown) => e)) as Error;
    expect(error).toMatchObject({ code: 'MODULE_CRASHED', module: 'm' });
    expect(error.message).toMatch(/^Module 'm' lost its process: it sent /);
    expect(hosts[0]!.killed).toBe(true);
    expect(await one.ask(question)).toBe(1);
    expect(recoveries).toEqual([['its process ended and is started again', error.message]]);
    await one.close();
  });

  test('cannot start a host that sends something else than it should', async () => {
    const one = pool(
      () => undefined,
      {},
      (host) => answer(host, 1, 'early'),
    );
    const error = await one.start().catch((e) => e);
    expect(error).toMatchObject({ code: 'MODULE_UNUSABLE' });
    expect(error.message).toContain('it sent an answer to what it was not asked');
  });

  test('fails a question whose value cannot be kept, and keeps the host', async () => {
    const deep = Array.from({ length: 300 }).reduce<object>((inside) => ({ inside }), {});
    const values = [deep, Object.assign([], { length: 2 ** 32 - 1 }), 'x'.repeat(2 ** 26 + 1)];
    const one = pool((host, id, n) => answer(host, id, values[n] ?? n));
    await one.start();
    for (const why of ['levels deep', '64 MiB', '64 MiB'])
      await expect(one.ask(question)).rejects.toThrow(new RegExp(`The value of module 'm' cannot be kept: .*${why}`));
    expect(await one.ask(question)).toBe(3);
    expect(hosts).toHaveLength(1);
    await one.close();
  });

  test('ends a host whose close does not end, and reports it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const one = pool(() => undefined, {}, undefined, 'never');
      await one.start();
      const closing = one.close();
      await vi.advanceTimersByTimeAsync(1_499);
      expect(hosts[0]!.killed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await closing;
      expect(hosts[0]!.killed).toBe(true);
      expect(recoveries).toEqual([['its close did not end in time, and it was ended', 'It had 1500 ms.']]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('gives back what was thrown there', async () => {
    const error = { name: 'RangeError', message: 'no', stack: 'RangeError: no\n    at analyze (m.js:1:1)' };
    const one = pool((host, id) => host.events.message({ kind: 'failed', id, error, ...worked }));
    await one.start();
    expect(await one.ask(question).catch((e) => e)).toMatchObject(error);
    await one.close();
  });

  test('that cannot start rejects with the reason, and leaves no host behind', async () => {
    const error = { name: 'FramepathError', message: 'The analyzer cannot be loaded: no such file' };
    const two = pool(
      () => undefined,
      { instances: 2 },
      (host, number) =>
        number === 1
          ? host.events.message({ kind: 'unusable', error })
          : host.events.message({ kind: 'opened', definition }),
    );
    expect(await two.start().catch((e) => e)).toMatchObject({
      code: 'MODULE_UNUSABLE',
      message: `Module "m": ${error.message}`,
    });
    expect(hosts[1]!.killed).toBe(true);
    expect(hosts[0]!.sent.at(-1)).toEqual({ kind: 'close' });
    const slow = pool(
      () => undefined,
      { startTimeoutMs: 10 },
      () => undefined,
    );
    const late = await slow.start().catch((e) => e);
    expect(late).toMatchObject({ code: 'MODULE_UNUSABLE' });
    expect(late.message).toContain('10 ms');
  });

  test('reports each host, and which one answered', async () => {
    const one = pool((host, id, n) => (n === 1 ? host.events.ended('it was killed by SIGSEGV') : answer(host, id, n)));
    await one.start();
    const served: unknown[] = [];
    const ask = () => one.ask(question, (by) => served.push(by));
    await ask();
    await ask().catch(() => undefined);
    await ask();
    expect(served).toEqual([
      { host: 'm process 4711', pid: 4711, startMs: 5, endMs: 8 },
      { host: 'm process 4711', pid: 4711, startMs: expect.any(Number), endMs: expect.any(Number) },
      { host: 'm process 4711', pid: 4711, startMs: 5, endMs: 8 },
    ]);
    const facts = { module: 'm', kind: 'process', instance: 0, answers: 2, restarts: 1, busyMs: 6, longestMs: 3 };
    expect(one.report()).toEqual([{ ...facts, pid: 4711, state: 'ready' }]);
    await one.close();
    expect(one.report()).toEqual([{ ...facts, pid: null, state: 'closed' }]);
  });

  test('that is closed while it works ends its host and starts none', async () => {
    const one = pool(() => undefined);
    await one.start();
    const asked = codeOf(one.ask(question));
    const waiting = codeOf(one.ask(question));
    await one.close();
    expect(await asked).toBe('MODULE_CRASHED');
    expect(await waiting).toBe('RUN_CLOSED');
    await vi.waitFor(() => expect(hosts).toHaveLength(1));
    expect(recoveries).toEqual([]);
  });
});
