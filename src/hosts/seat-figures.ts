/** What one place in a pool has done, whoever sat in it. */
import type { HostReport } from '../run/reports.js';
import type { Worked } from './messages.js';

/** Milliseconds of the clock that the native side and other processes of this machine read too. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A question that a thread or process worked on; times by {@link monotonicMs}. */
export interface Served {
  /** `smile thread 3`, `smile process 4711` */
  host: string;
  pid: number;
  startMs: number;
  endMs: number;
}

export class SeatFigures {
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
