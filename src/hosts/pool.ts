/** The hosts of one analyzer: asks whoever is free, starts again what ended, gives up past the budget. */
import { FramepathError } from '../errors.js';
import type { DefinitionFacts } from '../modules/definition.js';
import { OutOfReach } from '../modules/device-input.js';
import type { HostReport } from '../run/reports.js';
import { type Host, type HostPlace, type OpenHost, openHost } from './host.js';
import { type FromHost, type Question, rebuilt, type Worked } from './messages.js';
import { monotonicMs, SeatFigures, type Served } from './seat-figures.js';

export interface PoolOptions {
  /** how errors call it until `called` */
  name: string;
  file: string;
  options: unknown;
  place: HostPlace;
  instances: number;
  restarts: number;
  backoffMs: number;
  startTimeoutMs: number;
  /** of an answer; 0: none */
  timeoutMs: number;
}

/** What the run is told: the report's `recoveries`. */
export type Told = (what: string, reason: string) => void;

interface Pending {
  /** of the question as it was sent, so that no other answer counts */
  id: number;
  question: Question;
  served: ((by: Served) => void) | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One host's place in the pool; the host in it changes. */
interface Seat {
  host: Host | undefined;
  ready: boolean;
  /** what it was asked, oldest first: it works on the first, and the others wait there */
  asked: Pending[];
  /** since when it can have worked on the first */
  askedMs: number;
  figures: SeatFigures;
  /** ended without an answer between, in a row */
  crashes: number;
  /** why we ended it ourselves */
  killed: FramepathError | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Questions that a host is given at once, so that it need not be woken for each; and one of several, which could take them too. */
const [askedAhead, askedAheadOfMany] = [8, 2];

const minuteMs = 60_000;
const longestBackoffMs = 5_000;
const closeMs = 1_500;

export class HostPool {
  readonly #seats: Seat[];
  #name: string;
  readonly #waiting: Pending[] = [];
  /** when hosts were started again */
  readonly #restarts: number[] = [];
  #nextId = 1;
  #failed: FramepathError | undefined;
  #closed: Promise<void> | undefined;
  #closing = false;
  #left: (() => void) | undefined;

  constructor(
    private readonly options: PoolOptions,
    private readonly told: Told,
    private readonly open: OpenHost = openHost,
  ) {
    this.#name = options.name;
    this.#seats = Array.from({ length: options.instances }, () => ({
      host: undefined,
      ready: false,
      asked: [],
      askedMs: 0,
      figures: new SeatFigures(),
      crashes: 0,
      killed: undefined,
      timer: undefined,
    }));
  }

  /** Its name is known: the file said it. */
  called(name: string): void {
    this.#name = name;
  }

  /** Starts every host; resolves with what they found in the file. @throws MODULE_UNUSABLE, and none of them stays */
  async start(): Promise<DefinitionFacts> {
    try {
      const [definition] = await Promise.all(this.#seats.map((seat) => this.#startSeat(seat)));
      return definition!;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Settles with the answer; `served` is told before who worked on it, and when.
   * @throws what `analyze` threw; MODULE_CRASHED, MODULE_TIMEOUT
   */
  ask(question: Question, served?: (by: Served) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failed) return reject(this.#failed);
      this.#waiting.push({ id: 0, question, served, resolve, reject });
      this.#serve();
    });
  }

  #serve(): void {
    for (let seat = this.#idlest(); seat && this.#waiting.length; seat = this.#idlest())
      this.#askSeat(seat, this.#waiting.shift()!);
  }

  /** A host that can be asked. */
  #idlest(): Seat | undefined {
    let idlest: Seat | undefined;
    const most = this.#seats.length > 1 ? askedAheadOfMany : askedAhead;
    for (const seat of this.#seats) if (seat.ready && seat.asked.length < (idlest?.asked.length ?? most)) idlest = seat;
    return idlest;
  }

  #askSeat(seat: Seat, pending: Pending): void {
    pending.id = this.#nextId++;
    try {
      seat.host!.send({ kind: 'ask', id: pending.id, ...pending.question });
    } catch (error) {
      pending.reject(error as Error);
      return;
    }
    seat.asked.push(pending);
    if (seat.asked.length === 1) this.#begins(seat);
  }

  /** The first question of a seat is worked on from now on. */
  #begins(seat: Seat): void {
    seat.askedMs = monotonicMs();
    if (this.options.timeoutMs) seat.timer = this.#timer(this.options.timeoutMs, seat, () => this.#tookTooLong(seat));
  }

  /** An answer that has come but was not read yet, because this thread was busy, counts: it is read before `then`. */
  #timer(ms: number, seat: Seat, then: () => void): NodeJS.Timeout {
    const { host } = seat;
    const still = () => seat.host === host && seat.timer === timer;
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => still() && then())), ms);
    timer.unref();
    return timer;
  }

  #tookTooLong(seat: Seat): void {
    const { timeoutMs } = this.options;
    const name = this.#name;
    seat.killed = new FramepathError('MODULE_TIMEOUT', `Module '${name}' did not answer within ${timeoutMs} ms`, {
      module: name,
    });
    seat.host?.kill();
  }

  /** Resolves when the host in this seat is ready. */
  #startSeat(seat: Seat): Promise<DefinitionFacts> {
    const { name, file, options, place, startTimeoutMs } = this.options;
    const failed = (message: string, cause?: Error) =>
      new FramepathError('MODULE_UNUSABLE', message, { module: name, cause });
    return new Promise((resolve, reject) => {
      let host: Host | undefined;
      const ended = (reason: string) => {
        if (seat.host === host || host === undefined) this.#ended(seat, reason);
        reject(seat.killed ?? failed(`The analyzer ${file} cannot be started: ${reason}`));
      };
      const message = (sent: FromHost) => {
        if (sent.kind === 'answer') return this.#answered(seat, sent);
        clearTimeout(seat.timer);
        seat.timer = undefined;
        if (sent.kind === 'unusable') {
          seat.killed = failed(sent.error.message, rebuilt(sent.error));
          return host!.kill();
        }
        seat.ready = true;
        host!.unref();
        resolve(sent.definition);
        this.#serve();
      };
      seat.killed = undefined;
      host = this.open(place, { message, ended });
      seat.host = host;
      seat.timer = this.#timer(startTimeoutMs, seat, () => {
        seat.killed = failed(`The analyzer ${file} was not ready within ${startTimeoutMs} ms`);
        host!.kill();
      });
      try {
        host.send({ kind: 'open', file, options, ...(place.memoryMb && { memoryMb: place.memoryMb }) });
      } catch (cause) {
        seat.killed = failed(
          `The options of '${name}' cannot be sent to it: ${(cause as Error).message}`,
          cause as Error,
        );
        host.kill();
      }
    });
  }

  #answered(seat: Seat, sent: Extract<FromHost, { kind: 'answer' }>): void {
    if (seat.killed || sent.id !== seat.asked[0]?.id) return; // it comes too late, or nobody waits for it
    seat.figures.add(sent);
    const { resolve, reject } = this.#spoken(seat, sent)!;
    seat.crashes = 0;
    if (seat.asked.length) this.#begins(seat);
    if ('error' in sent) reject(rebuilt(sent.error));
    else if ('outOfReach' in sent) reject(new OutOfReach(sent.outOfReach));
    else resolve(sent.value);
    this.#serve();
  }

  /** Takes the question that a seat has worked on, and tells who wanted to know. */
  #spoken(seat: Seat, { startMs, endMs }: Worked): Pending | undefined {
    clearTimeout(seat.timer);
    seat.timer = undefined;
    const asked = seat.asked.shift();
    if (asked) {
      const { pid = 0, label } = seat.host!;
      asked.served?.({ host: `${this.#name} ${label}`, pid, startMs, endMs });
    }
    return asked;
  }

  /** What its hosts have done. */
  report(): HostReport[] {
    const { isolation } = this.options.place;
    return this.#seats.map((seat, instance) => ({
      module: this.#name,
      kind: typeof isolation === 'object' ? 'python' : isolation,
      instance,
      pid: seat.host?.pid ?? null,
      state: this.#stateOf(seat),
      ...seat.figures.report,
    }));
  }

  #stateOf(seat: Seat): HostReport['state'] {
    if (this.#closing) return 'closed';
    if (this.#failed) return 'failed';
    return seat.asked.length ? 'busy' : seat.ready ? 'ready' : 'starting';
  }

  /** The host in this seat is gone: what it worked on fails, others answer the rest, and it is started again after a pause. */
  #ended(seat: Seat, reason: string): void {
    const name = this.#name;
    const wasReady = seat.ready;
    const held = this.#spoken(seat, { startMs: seat.askedMs, endMs: monotonicMs() });
    seat.ready = false;
    seat.host = undefined;
    this.#waiting.unshift(...seat.asked.splice(0));
    const why = seat.killed?.message ?? `Module '${name}' lost its ${this.#kind}: ${reason}`;
    held?.reject(seat.killed ?? new FramepathError('MODULE_CRASHED', why, { module: name }));
    if (this.#closing) {
      this.#refuse(this.#gone);
      if (!this.#seats.some(({ host }) => host)) this.#left?.();
      return;
    }
    if (this.#failed) this.#refuse(this.#failed);
    else if (wasReady) this.#startAgain(seat, why);
    this.#serve();
  }

  /** Whoever waits is told that nobody answers. */
  #refuse(error: FramepathError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  get #kind(): string {
    const { isolation } = this.options.place;
    return isolation === 'thread' ? 'thread' : 'process';
  }

  #startAgain(seat: Seat, why: string): void {
    const { backoffMs, restarts } = this.options;
    const now = performance.now();
    while (this.#restarts.length && this.#restarts[0]! < now - minuteMs) this.#restarts.shift();
    if (this.#restarts.length >= restarts) {
      this.#giveUp(why);
      return;
    }
    this.#restarts.push(now);
    seat.figures.restarts++;
    this.told(`its ${this.#kind} ended and is started again`, why);
    const pause = Math.min(longestBackoffMs, backoffMs * 2 ** seat.crashes++);
    const later = setTimeout(() => {
      if (this.#closing || this.#failed) return;
      this.#startSeat(seat).catch((error: Error) => {
        if (!this.#closing && !this.#failed) this.#startAgain(seat, error.message);
      });
    }, pause);
    later.unref();
  }

  #giveUp(why: string): void {
    const { restarts } = this.options;
    const name = this.#name;
    const message = `Module '${name}' has failed: its ${this.#kind} ended more than ${restarts} times within a minute`;
    this.#failed = new FramepathError('MODULE_CRASHED', `${message}. The last time: ${why}`, { module: name });
    this.told('it has failed, and the run goes on without it', this.#failed.message);
    this.#refuse(this.#failed);
    for (const seat of this.#seats) {
      seat.killed ??= this.#failed;
      seat.host?.kill();
    }
  }

  /** Lets every host close its analyzer, for a second and a half at most. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #gone(): FramepathError {
    return new FramepathError('RUN_CLOSED', 'The run is closed', { module: this.#name });
  }

  async #close(): Promise<void> {
    this.#closing = true;
    this.#refuse(this.#gone);
    const hosts = this.#seats.flatMap(({ host, ready, asked }) => (host ? [{ host, ready, asked }] : []));
    if (!hosts.length) return;
    const left = new Promise<void>((resolve) => {
      this.#left = resolve;
    });
    for (const { host, ready, asked } of hosts) {
      if (ready && !asked.length) host.send({ kind: 'close' });
      else host.kill(); // it is busy: nobody waits for what it does
    }
    const impatience = setTimeout(() => {
      for (const { host } of hosts) host.kill();
    }, closeMs);
    await left;
    clearTimeout(impatience);
  }
}
