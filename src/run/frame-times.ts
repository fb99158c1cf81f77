/** Where the time of single frames went. */
import type { FrameTimes, SampledFrame, Served } from '../generated/results.js';
import type { NativeRun } from '../native.js';

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
    const { taskId, ...times } = JSON.parse(json) as SampledFrame;
    for (const { module, served } of this.#served.get(taskId) ?? []) {
      const stage = times.stages.find((each) => each.stage === module);
      if (stage) stage.host = served;
    }
    this.#served.delete(taskId);
    for (const { every, listener } of this.#listeners) if (times.seq % every === 0) listener(times);
  }
}
