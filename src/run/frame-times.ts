/** Where the time of single frames went. */
import type { Served } from '../hosts/worker-slot-figures.js';
import type { NativeRun } from '../native.js';

/** Work on one frame in one stage. Times are milliseconds of the system's monotonic clock (`process.hrtime()`). */
export interface StageTimes {
  /** as the report names it: `decode.0`, `faces`, `people.embed` */
  stage: string;
  /** which of the stage's workers, from 0 */
  worker: number;
  /** frames that were worked on together */
  batch: number;
  /** when it could begin; until `startMs` it waited */
  readyMs: number;
  startMs: number;
  endMs: number;
  /** what the module said: `value`, `carried`, or why nothing: `none`, `error`, `dependency` */
  result: string;
  /** the thread or process that answered for an analyzer, and when it worked */
  host?: Served;
}

/** Where the time of one frame went, from its decoding until all modules had a result. */
export interface FrameTimes {
  source: string;
  /** gapless number in its source */
  seq: number;
  /** position in its source, counted before stride and limits of rate */
  index: number;
  /** time in its source, milliseconds */
  timeMs: number;
  /** those that worked on it, decoding first */
  stages: StageTimes[];
}

export type FrameTimesListener = (times: FrameTimes) => void;

/** Served questions that wait for their frame's times; the oldest go when a run ends before they come. */
const mostHeld = 1024;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Listeners for the times of every Nth frame. Costs nothing without any. */
export class FrameSampler {
  readonly #listeners = new Set<{ every: number; listener: FrameTimesListener }>();
  readonly #served = new Map<number, { module: string; served: Served }[]>();

  constructor(private readonly native: () => NativeRun) {}

  /** Returns what ends it. */
  add(every: number, listener: FrameTimesListener): () => void {
    const one = { every, listener };
    this.#listeners.add(one);
    this.#ask();
    return () => {
      if (this.#listeners.delete(one)) this.#ask();
    };
  }

  /** The native side samples for all of them together. */
  #ask(): void {
    this.native().sample([...this.#listeners].reduce((all, { every }) => divisor(all, every), 0));
  }

  wants(seq: number): boolean {
    for (const { every } of this.#listeners) if (seq % every === 0) return true;
    return false;
  }

  /** A host answered for a module about a frame that is wanted. */
  served(taskId: number, module: string, served: Served): void {
    const held = this.#served.get(taskId);
    if (held) held.push({ module, served });
    else this.#served.set(taskId, [{ module, served }]);
    if (this.#served.size > mostHeld) this.#served.delete(this.#served.keys().next().value!);
  }

  /** All modules have a result for a frame: JSON of the native side. */
  frame(json: string): void {
    const { taskId, ...times } = JSON.parse(json) as FrameTimes & { taskId: number };
    for (const { module, served } of this.#served.get(taskId) ?? []) {
      const stage = times.stages.find((each) => each.stage === module);
      if (stage) stage.host = served;
    }
    this.#served.delete(taskId);
    for (const { every, listener } of this.#listeners) if (times.seq % every === 0) listener(times);
  }
}
