/** The stages of a run on `diagnostics_channel`. */
import { channel } from 'node:diagnostics_channel';
import type { Report, StageReport } from '../generated/results.js';

/**
 * A message of the `diagnostics_channel` called `framepath:stage`: one stage of one run. Every stage has one when its run
 * ends, however it ends; while frames are iterated or written there is also one a second, as long as somebody listens.
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('framepath:stage', (message) => {
 *   const { run, name, count, serviceMs, ended } = message as StageMessage;
 *   if (ended) console.log(run, name, count, serviceMs.p95);
 * });
 * ```
 */
export interface StageMessage extends StageReport {
  /** number of the run in this thread, from 1 */
  run: number;
  /** ids of the run's sources, in the order in which they came */
  sources: string[];
  /** the run is over, and the figures are final */
  ended: boolean;
}

const stages = channel('framepath:stage');
const everyMs = 1000;
let runs = 0;

/** Publishes the stages of one run; costs nothing while nobody listens. */
export class StageChannel {
  readonly run = ++runs;
  readonly #report: () => Report;
  #reportedAt = performance.now();
  #ended = false;

  /** @param report of the run; it may throw where there is none */
  constructor(report: () => Report) {
    this.#report = report;
  }

  /** At any time, as often as one likes. */
  meanwhile(): void {
    if (!stages.hasSubscribers || performance.now() - this.#reportedAt < everyMs) return;
    this.#publish(false);
  }

  /** The first one counts. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (stages.hasSubscribers) this.#publish(true);
  }

  #publish(ended: boolean): void {
    this.#reportedAt = performance.now();
    const report = this.#report();
    const sources = report.sources.map(({ id }) => id);
    for (const stage of report.stages)
      stages.publish({ run: this.run, sources, ended, ...stage } satisfies StageMessage);
  }
}
