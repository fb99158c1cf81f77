/** Counters and times of one worker slot of a pool, over all its hosts. */
import type { HostReport } from '../generated/results.js';
import type { Worked } from './messages.js';

/** Milliseconds of CLOCK_MONOTONIC, which the native side and all processes of the machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export class WorkerSlotFigures {
  restarts = 0;
  #answers = 0;
  #sumMs = 0;
  #maxMs = 0;

  add({ startMs, endMs }: Worked): void {
    this.#answers++;
    this.#sumMs += endMs - startMs;
    this.#maxMs = Math.max(this.#maxMs, endMs - startMs);
  }

  get report(): Pick<HostReport, 'answers' | 'restarts' | 'busyMs' | 'longestMs'> {
    return { answers: this.#answers, restarts: this.restarts, busyMs: this.#sumMs, longestMs: this.#maxMs };
  }
}
