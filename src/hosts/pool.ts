/** The hosts of one analyzer: asks whoever is free, starts again what ended, gives up past the budget. */
import { FramepathError } from '../errors.js';
import type { DefinitionFacts } from '../modules/definition.js';
import { OutOfReach } from '../modules/device-input.js';
import type { HostReport } from '../run/reports.js';
import { type Host, type HostPlace, type OpenHost, openHost } from './host.js';
import { BadMessage, type FromHost, fromHost, type Question, rebuilt, type Worked, whyNotKept } from './messages.js';
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

/** How late a timer comes on a thread that was not busy, at most, ms. */
const busyMs = 10;
const minuteMs = 60_000;
const longestBackoffMs = 5_000;
/** Most that an analyzer may take to close; then its host is killed. A thread in native code may outlive that: `goneMs`. */
export const closeMs = 1_500;
const goneMs = 400;

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

  /**
   * An answer that came in time counts, also where this thread was too busy to read it: then there is a moment more, once,
   * in which it is read.
   */
  #timer(ms: number, seat: Seat, then: () => void, more = busyMs): NodeJS.Timeout {
    const { host } = seat;
    const dueMs = monotonicMs() + ms;
    const timer = setTimeout(() => {
      if (seat.host !== host || seat.timer !== timer) return;
      if (more && monotonicMs() - dueMs > busyMs) seat.timer = this.#timer(more, seat, then, 0);
      else then();
    }, ms);
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
      const broken = (why: string) => {
        if (seat.host !== host || seat.killed) return; // it comes too late
        seat.killed = seat.ready ? this.#crashed(why) : failed(`The analyzer ${file} cannot be started: ${why}`);
        host!.kill();
      };
      const message = (sent: unknown) => {
        if (seat.host !== host || seat.killed) return;
        try {
          this.#received(seat, fromHost(sent), resolve);
        } catch (error) {
          if (!(error instanceof BadMessage)) throw error;
          broken(error.message);
        }
      };
      seat.killed = undefined;
      host = this.open(place, { message, broken, ended });
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

  /** @throws BadMessage for what it was not asked */
  #received(seat: Seat, sent: FromHost, opened: (definition: DefinitionFacts) => void): void {
    if (sent.kind === 'answer') {
      this.#answered(seat, sent);
      return;
    }
    if (seat.ready) throw new BadMessage(`it sent '${sent.kind}' after it had opened`);
    clearTimeout(seat.timer);
    seat.timer = undefined;
    if (sent.kind === 'unusable') {
      const cause = rebuilt(sent.error);
      seat.killed = new FramepathError('MODULE_UNUSABLE', cause.message, { module: this.options.name, cause });
      seat.host!.kill();
      return;
    }
    seat.ready = true;
    seat.host!.unref();
    opened(sent.definition);
    this.#serve();
  }

  #answered(seat: Seat, sent: Extract<FromHost, { kind: 'answer' }>): void {
    if (sent.id !== seat.asked[0]?.id) throw new BadMessage('it sent an answer to what it was not asked');
    seat.figures.add(sent);
    const { resolve, reject } = this.#taken(seat, sent)!;
    seat.crashes = 0;
    if (seat.asked.length) this.#begins(seat);
    if ('error' in sent) reject(rebuilt(sent.error));
    else if ('outOfReach' in sent) reject(new OutOfReach(sent.outOfReach));
    else {
      const why = whyNotKept(sent.value);
      if (why === undefined) resolve(sent.value);
      else reject(new RangeError(`The value of module '${this.#name}' cannot be kept: ${why}`));
    }
    this.#serve();
  }

  /** Takes the question that a seat has worked on, and tells who wanted to know. */
  #taken(seat: Seat, { startMs, endMs }: Worked): Pending | undefined {
    clearTimeout(seat.timer);
    seat.timer = undefined;
    const asked = seat.asked.shift();
    if (asked) {
      const { pid = 0, label } = seat.host!;
      asked.served?.({ host: `${this.#name} ${label}`, pid, startMs, endMs });
    }
    return asked;
  }

  #crashed(reason: string): FramepathError {
    const message = `Module '${this.#name}' lost its ${this.#kind}: ${reason}`;
    return new FramepathError('MODULE_CRASHED', message, { module: this.#name });
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
    const wasReady = seat.ready;
    const held = this.#taken(seat, { startMs: seat.askedMs, endMs: monotonicMs() });
    seat.ready = false;
    seat.host = undefined;
    this.#waiting.unshift(...seat.asked.splice(0));
    const lost = seat.killed ?? this.#crashed(reason);
    held?.reject(lost);
    if (this.#closing) {
      this.#refuse(this.#gone);
      if (!this.#seats.some(({ host }) => host)) this.#left?.();
      return;
    }
    if (this.#failed) this.#refuse(this.#failed);
    else if (wasReady) this.#startAgain(seat, lost.message);
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

  /** Lets every host close its analyzer; ends within two seconds, whatever they do. Idempotent. */
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
    const left = new Promise<void>((resolve) => {
      this.#left = resolve;
    });
    for (const { host, ready, asked } of this.#seats) {
      host?.ref(); // its end is waited for
      if (ready && !asked.length) host?.send({ kind: 'close' });
      else host?.kill(); // it is busy: nobody waits for what it does
    }
    if (!(await this.#goneWithin(closeMs, left))) {
      this.told('its close did not end in time, and it was ended', `It had ${closeMs} ms.`);
      for (const { host } of this.#seats) host?.kill();
      if (!(await this.#goneWithin(goneMs, left))) {
        this.told(`its ${this.#kind} cannot be ended`, `It was still there ${goneMs} ms after it was ended.`);
        for (const { host } of this.#seats) host?.unref();
      }
    }
  }

  /** Whether all hosts are gone in time. */
  #goneWithin(ms: number, left: Promise<void>): Promise<boolean> {
    if (!this.#seats.some(({ host }) => host)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), ms);
      void left.then(() => {
        clearTimeout(late);
        resolve(true);
      });
    });
  }
}
