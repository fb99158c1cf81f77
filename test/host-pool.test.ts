/** Hosts of analyzers that end, hang and come back, without threads or processes: the pool alone. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { HostEvents, OpenHost } from '../src/hosts/host.js';
import type { ToHost } from '../src/hosts/messages.js';
import { HostPool, type PoolOptions } from '../src/hosts/pool.js';

/** A host that does what the test says. */
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
  get asked(): number {
    return (this.sent.at(-1) as { id: number }).id;
  }
}

const definition = { name: 'm', depends: [], stateless: true };
let hosts: Scripted[];
let told: string[][];

/** `onAsk` answers questions; opening and closing go well unless `onOpen` says otherwise. */
function pool(
  onAsk: (host: Scripted, id: number, n: number) => void,
  options: Partial<PoolOptions> = {},
  onOpen = (host: Scripted, _: number) => host.events.message({ kind: 'opened', definition }),
): HostPool {
  let n = 0;
  const open: OpenHost = (_, events) => {
    const number = hosts.length;
    const host: Scripted = new Scripted(events, (_, message) => {
      if (message.kind === 'open') onOpen(host, number);
      else if (message.kind === 'ask') onAsk(host, message.id, n++);
      else host.events.ended('it exited with status 0');
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
    (...what) => told.push(what),
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
  told = [];
});

describe('a pool of hosts', () => {
  test('asks free hosts only, and the others when they have answered', async () => {
    let most = 0;
    let busy = 0;
    const two = pool(
      (host, id, n) => {
        most = Math.max(most, ++busy);
        setTimeout(() => {
          busy--;
          answer(host, id, n);
        }, 2);
      },
      { instances: 2 },
    );
    expect(await two.start()).toEqual(definition);
    const values = await Promise.all(Array.from({ length: 10 }, () => two.ask(question)));
    expect(values.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(2);
    expect(hosts.map(({ sent }) => sent.length)).toEqual([6, 6]);
    await two.close();
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
    expect(told).toEqual([[expect.stringContaining('started again'), expect.stringContaining('SIGSEGV')]]);
    await one.close();
  });

  test('has failed once its budget is used up: whoever waits is told at once, and it asks nobody any more', async () => {
    const one = pool((host) => host.events.ended('it exited with status 1'), { restarts: 2 });
    await one.start();
    expect(await Promise.all([1, 2, 3, 4, 5].map(() => codeOf(one.ask(question))))).toEqual(
      Array(5).fill('MODULE_CRASHED'),
    );
    expect(hosts).toHaveLength(3);
    expect(told.map(([what]) => what)).toEqual([
      expect.stringContaining('started again'),
      expect.stringContaining('started again'),
      expect.stringContaining('has failed'),
    ]);
    const began = performance.now();
    expect(await codeOf(one.ask(question))).toBe('MODULE_CRASHED');
    expect(performance.now() - began).toBeLessThan(50);
    await one.close();
  });

  test('tells once that it has failed, and why, whatever the other hosts held', async () => {
    const two = pool((host, _, n) => n === 1 && host.events.ended('it was killed by SIGSEGV'), {
      instances: 2,
      restarts: 0,
    });
    await two.start();
    const errors = await Promise.all([1, 2].map(() => two.ask(question).catch((error) => error as Error)));
    expect(told.map(([what]) => what)).toEqual([expect.stringContaining('has failed')]);
    expect(told[0]![1]).toContain('SIGSEGV');
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

  test('ignores answers that nobody waits for', async () => {
    const one = pool((host, id, n) => {
      answer(host, id + 7, 'of another question');
      answer(host, id, n);
      answer(host, id, 'again');
    });
    await one.start();
    expect(await one.ask(question)).toBe(0);
    expect(await one.ask(question)).toBe(1);
    await one.close();
  });

  test('gives back what was thrown there', async () => {
    const error = { name: 'RangeError', message: 'no', stack: 'RangeError: no\n    at analyze (m.js:1:1)' };
    const one = pool((host, id) => host.events.message({ kind: 'answer', id, error, ...worked }));
    await one.start();
    expect(await one.ask(question).catch((e) => e)).toMatchObject(error);
    await one.close();
  });

  test('that cannot start says why, and leaves no host behind', async () => {
    const error = { name: 'FramepathError', message: 'The analyzer cannot be loaded: no such file' };
    const two = pool(
      () => undefined,
      { instances: 2 },
      (host, number) =>
        number === 1
          ? host.events.message({ kind: 'unusable', error })
          : host.events.message({ kind: 'opened', definition }),
    );
    expect(await two.start().catch((e) => e)).toMatchObject({ code: 'MODULE_UNUSABLE', message: error.message });
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

  test('reports what each host did, and tells who answered', async () => {
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
    expect(told).toEqual([]);
  });
});
