/** The hosts of one analyzer: sends requests to the least busy, restarts those that ended, fails past the restart budget. */
import { FramepathError } from '../errors.js';
import type { DefinitionFacts, FromHost } from '../generated/messages.js';
import type { HostReport, Served } from '../generated/results.js';
import { OutOfReach } from '../modules/device-input.js';
import { type Host, type HostPlace, type OpenHost, openHost } from './host.js';
import { type Answer, BadMessage, fromHost, type Question, rebuilt, type Worked, whyNotKept } from './messages.js';
import { monotonicMs, WorkerSlotFigures } from './worker-slot-figures.js';

export interface PoolOptions {
  /** its name in errors until `called` */
  name: string;
  file: string;
  options: unknown;
  place: HostPlace;
  instances: number;
  restarts: number;
  backoffMs: number;
  startTimeoutMs: number;
  /** longest wait for an answer; 0: no limit */
  timeoutMs: number;
}

/** Listener for entries of the report's `recoveries`. */
export type OnRecovery = (what: string, reason: string) => void;

interface Pending {
  /** id of the question as sent: answers with another id are rejected */
  id: number;
  question: Question;
  served: ((by: Served) => void) | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One worker slot of the pool: it outlives its host, which a restart replaces. */
interface WorkerSlot {
  host: Host | undefined;
  ready: boolean;
  /** questions sent to the host, oldest first: it works on the first, the others wait in its pipe */
  asked: Pending[];
  /** start of the work on the first, by `monotonicMs` */
  askedMs: number;
  figures: WorkerSlotFigures;
  /** crashes in a row, without an answer in between */
  crashes: number;
  /** why this process ended the host */
  killed: FramepathError | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Most questions queued at a host, so that it need not be woken for each: of a single host, and of one of several. */
const [prefetch, prefetchOfMany] = [8, 2];

/** Most delay of a timer on an idle thread, ms. */
const busyMs = 10;
const minuteMs = 60_000;
const longestBackoffMs = 5_000;
/** Longest close of an analyzer, then its host is killed. A thread inside native code may outlive that by `goneMs`. */
export const closeMs = 1_500;
const goneMs = 400;

export class HostPool {
  readonly #slots: WorkerSlot[];
  #name: string;
  readonly #waiting: Pending[] = [];
  /** times of restarts within the last minute */
  readonly #restarts: number[] = [];
  #nextId = 1;
  #failed: FramepathError | undefined;
  #closed: Promise<void> | undefined;
  #closing = false;
  #left: (() => void) | undefined;

  constructor(
    private readonly options: PoolOptions,
    private readonly onRecovery: OnRecovery,
    private readonly open: OpenHost = openHost,
  ) {
    this.#name = options.name;
    this.#slots = Array.from({ length: options.instances }, () => ({
      host: undefined,
      ready: false,
      asked: [],
      askedMs: 0,
      figures: new WorkerSlotFigures(),
      crashes: 0,
      killed: undefined,
      timer: undefined,
    }));
  }

  /** Sets the name that the file defines. */
  called(name: string): void {
    this.#name = name;
  }

  /** Starts every host; resolves with the definition in the file. @throws MODULE_UNUSABLE, with every host closed */
  async start(): Promise<DefinitionFacts> {
    try {
      const [definition] = await Promise.all(this.#slots.map((slot) => this.#startSlot(slot)));
      return definition!;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Settles with the answer; `served` is called before that with the host that worked on it, and when.
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
    for (let slot = this.#idlest(); slot && this.#waiting.length; slot = this.#idlest())
      this.#askSlot(slot, this.#waiting.shift()!);
  }

  /** The ready slot with the fewest questions, if one has room. */
  #idlest(): WorkerSlot | undefined {
    let idlest: WorkerSlot | undefined;
    const most = this.#slots.length > 1 ? prefetchOfMany : prefetch;
    for (const slot of this.#slots) if (slot.ready && slot.asked.length < (idlest?.asked.length ?? most)) idlest = slot;
    return idlest;
  }

  #askSlot(slot: WorkerSlot, pending: Pending): void {
    pending.id = this.#nextId++;
    try {
      slot.host!.send({ kind: 'ask', id: pending.id, ...pending.question });
    } catch (error) {
      pending.reject(error as Error);
      return;
    }
    slot.asked.push(pending);
    if (slot.asked.length === 1) this.#begins(slot);
  }

  /** Starts the clock of a slot's first question. */
  #begins(slot: WorkerSlot): void {
    slot.askedMs = monotonicMs();
    if (this.options.timeoutMs) slot.timer = this.#timer(this.options.timeoutMs, slot, () => this.#tookTooLong(slot));
  }

  /**
   * Where this thread was too busy to read an answer that came in time, `then` is put off once by `more` ms to read it.
   */
  #timer(ms: number, slot: WorkerSlot, then: () => void, more = busyMs): NodeJS.Timeout {
    const { host } = slot;
    const dueMs = monotonicMs() + ms;
    const timer = setTimeout(() => {
      if (slot.host !== host || slot.timer !== timer) return;
      if (more && monotonicMs() - dueMs > busyMs) slot.timer = this.#timer(more, slot, then, 0);
      else then();
    }, ms);
    timer.unref();
    return timer;
  }

  #tookTooLong(slot: WorkerSlot): void {
    const { timeoutMs } = this.options;
    const name = this.#name;
    slot.killed = new FramepathError('MODULE_TIMEOUT', `Module '${name}' did not answer within ${timeoutMs} ms`, {
      module: name,
    });
    slot.host?.kill();
  }

  /** Resolves when the host in this slot is ready. */
  #startSlot(slot: WorkerSlot): Promise<DefinitionFacts> {
    const { name, file, options, place, startTimeoutMs } = this.options;
    const failed = (message: string, cause?: Error) =>
      new FramepathError('MODULE_UNUSABLE', message, { module: name, cause });
    return new Promise((resolve, reject) => {
      let host: Host | undefined;
      const ended = (reason: string) => {
        if (slot.host === host || host === undefined) this.#ended(slot, reason);
        reject(slot.killed ?? failed(`The analyzer ${file} cannot be started: ${reason}`));
      };
      const broken = (why: string) => {
        if (slot.host !== host || slot.killed) return; // of a host that was replaced or is being killed
        slot.killed = slot.ready ? this.#crashed(why) : failed(`The analyzer ${file} cannot be started: ${why}`);
        host!.kill();
      };
      const message = (sent: unknown) => {
        if (slot.host !== host || slot.killed) return;
        try {
          this.#received(slot, fromHost(sent), resolve);
        } catch (error) {
          if (!(error instanceof BadMessage)) throw error;
          broken(error.message);
        }
      };
      slot.killed = undefined;
      host = this.open(place, { message, broken, ended });
      slot.host = host;
      slot.timer = this.#timer(startTimeoutMs, slot, () => {
        slot.killed = failed(`The analyzer ${file} was not ready within ${startTimeoutMs} ms`);
        host!.kill();
      });
      try {
        host.send({ kind: 'open', file, options, ...(place.memoryMb && { memoryMb: place.memoryMb }) });
      } catch (cause) {
        slot.killed = failed(
          `The options of '${name}' cannot be sent to it: ${(cause as Error).message}`,
          cause as Error,
        );
        host.kill();
      }
    });
  }

  /** @throws BadMessage for a message out of order */
  #received(slot: WorkerSlot, sent: FromHost, opened: (definition: DefinitionFacts) => void): void {
    if ('id' in sent) {
      this.#answered(slot, sent);
      return;
    }
    if (slot.ready) throw new BadMessage(`it sent '${sent.kind}' after it had opened`);
    clearTimeout(slot.timer);
    slot.timer = undefined;
    if (sent.kind === 'unusable') {
      const cause = rebuilt(sent.error);
      slot.killed = new FramepathError('MODULE_UNUSABLE', cause.message, { module: this.options.name, cause });
      slot.host!.kill();
      return;
    }
    slot.ready = true;
    slot.host!.unref();
    opened(sent.definition);
    this.#serve();
  }

  #answered(slot: WorkerSlot, sent: Answer): void {
    if (sent.id !== slot.asked[0]?.id) throw new BadMessage('it sent an answer to what it was not asked');
    slot.figures.add(sent);
    const { resolve, reject } = this.#taken(slot, sent)!;
    slot.crashes = 0;
    if (slot.asked.length) this.#begins(slot);
    switch (sent.kind) {
      case 'failed':
        reject(rebuilt(sent.error));
        break;
      case 'outOfReach':
        reject(new OutOfReach(sent.reason));
        break;
      case 'answer': {
        const why = whyNotKept(sent.value);
        if (why === undefined) resolve(sent.value);
        else reject(new RangeError(`The value of module '${this.#name}' cannot be kept: ${why}`));
        break;
      }
      default:
        sent satisfies never;
    }
    this.#serve();
  }

  /** Removes the question that a slot worked on, and calls its `served`. */
  #taken(slot: WorkerSlot, { startMs, endMs }: Worked): Pending | undefined {
    clearTimeout(slot.timer);
    slot.timer = undefined;
    const asked = slot.asked.shift();
    if (asked) {
      const { pid = 0, label } = slot.host!;
      asked.served?.({ host: `${this.#name} ${label}`, pid, startMs, endMs });
    }
    return asked;
  }

  #crashed(reason: string): FramepathError {
    const message = `Module '${this.#name}' lost its ${this.#kind}: ${reason}`;
    return new FramepathError('MODULE_CRASHED', message, { module: this.#name });
  }

  /** One entry for each worker slot. */
  report(): HostReport[] {
    const { isolation } = this.options.place;
    return this.#slots.map((slot, instance) => ({
      module: this.#name,
      kind: typeof isolation === 'object' ? 'python' : isolation,
      instance,
      pid: slot.host?.pid ?? null,
      state: this.#stateOf(slot),
      ...slot.figures.report,
    }));
  }

  #stateOf(slot: WorkerSlot): HostReport['state'] {
    if (this.#closing) return 'closed';
    if (this.#failed) return 'failed';
    return slot.asked.length ? 'busy' : slot.ready ? 'ready' : 'starting';
  }

  /** The slot's host ended: its current question fails, its other questions go to other hosts, it restarts after a pause. */
  #ended(slot: WorkerSlot, reason: string): void {
    const wasReady = slot.ready;
    const held = this.#taken(slot, { startMs: slot.askedMs, endMs: monotonicMs() });
    slot.ready = false;
    slot.host = undefined;
    this.#waiting.unshift(...slot.asked.splice(0));
    const lost = slot.killed ?? this.#crashed(reason);
    held?.reject(lost);
    if (this.#closing) {
      this.#refuse(this.#gone);
      if (!this.#slots.some(({ host }) => host)) this.#left?.();
      return;
    }
    if (this.#failed) this.#refuse(this.#failed);
    else if (wasReady) this.#startAgain(slot, lost.message);
    this.#serve();
  }

  /** Rejects the questions that wait. */
  #refuse(error: FramepathError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  get #kind(): string {
    const { isolation } = this.options.place;
    return isolation === 'thread' ? 'thread' : 'process';
  }

  #startAgain(slot: WorkerSlot, why: string): void {
    const { backoffMs, restarts } = this.options;
    const now = performance.now();
    while (this.#restarts.length && this.#restarts[0]! < now - minuteMs) this.#restarts.shift();
    if (this.#restarts.length >= restarts) {
      this.#failAfterRestarts(why);
      return;
    }
    this.#restarts.push(now);
    slot.figures.restarts++;
    this.onRecovery(`its ${this.#kind} ended and is started again`, why);
    const pause = Math.min(longestBackoffMs, backoffMs * 2 ** slot.crashes++);
    const later = setTimeout(() => {
      if (this.#closing || this.#failed) return;
      this.#startSlot(slot).catch((error: Error) => {
        if (!this.#closing && !this.#failed) this.#startAgain(slot, error.message);
      });
    }, pause);
    later.unref();
  }

  #failAfterRestarts(why: string): void {
    const { restarts } = this.options;
    const name = this.#name;
    const message = `Module '${name}' has failed: its ${this.#kind} ended more than ${restarts} times within a minute`;
    this.#failed = new FramepathError('MODULE_CRASHED', `${message}. The last time: ${why}`, { module: name });
    this.onRecovery('it has failed, and the run goes on without it', this.#failed.message);
    this.#refuse(this.#failed);
    for (const slot of this.#slots) {
      slot.killed ??= this.#failed;
      slot.host?.kill();
    }
  }

  /** Closes every analyzer and its host; settles within two seconds. Idempotent. */
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
    for (const { host, ready, asked } of this.#slots) {
      host?.ref(); // Node stays alive until it ended
      if (ready && !asked.length) host?.send({ kind: 'close' });
      else host?.kill(); // busy: its answer is no longer needed
    }
    if (!(await this.#goneWithin(closeMs, left))) {
      this.onRecovery('its close did not end in time, and it was ended', `It had ${closeMs} ms.`);
      for (const { host } of this.#slots) host?.kill();
      if (!(await this.#goneWithin(goneMs, left))) {
        this.onRecovery(`its ${this.#kind} cannot be ended`, `It was still there ${goneMs} ms after it was ended.`);
        for (const { host } of this.#slots) host?.unref();
      }
    }
  }

  /** Whether all hosts are gone in time. */
  #goneWithin(ms: number, left: Promise<void>): Promise<boolean> {
    if (!this.#slots.some(({ host }) => host)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), ms);
      void left.then(() => {
        clearTimeout(late);
        resolve(true);
      });
    });
  }
}
