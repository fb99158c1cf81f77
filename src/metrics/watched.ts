/** The runs whose metrics are exported, and one reading of all of them. */
import { FramepathError } from '../errors.js';
import type { Report } from '../generated/results.js';
import { Run } from '../run/run.js';
import { text, unexpected } from '../validate.js';
import { type Family, families, processFamilies, type Sample } from './families.js';

/** A metric with its samples now. */
export interface Reading extends Pick<Family, 'name' | 'help' | 'kind'> {
  samples: Sample[];
}

/** Runs whose metrics are exported. Each reading takes the runs' reports at that moment; nothing else is measured. */
export class RunMetrics {
  readonly #runs = new Map<Run, string>();
  #reading: Promise<Reading[]> | undefined;

  /**
   * Exports this run from now on.
   * @param name its label `run`; default {@link Run.number}
   * @throws INVALID_ARGUMENT when it is no run, or another has this name
   */
  add(run: Run, name?: string): this {
    if (!(run instanceof Run)) throw unexpected('a run', 'run', run);
    this.#add(run, name ?? String(run.number));
    return this;
  }

  #add(run: Run, name: string): void {
    text('name', name);
    for (const [other, taken] of this.#runs)
      if (taken === name && other !== run)
        throw new FramepathError('INVALID_ARGUMENT', `Two runs are called '${name}'`, {
          hint: 'Give each a name of its own.',
        });
    this.#runs.set(run, name);
    this.#reading = undefined;
  }

  /** Stops exporting the run and drops the reference to it. Until then a run that has ended keeps its last figures. */
  remove(run: Run): void {
    this.#runs.delete(run);
    this.#reading = undefined;
  }

  /** One reading is shared within a turn of the event loop: a scrape may read once for every metric. @internal */
  read(): Promise<Reading[]> {
    if (!this.#reading) {
      this.#reading = this.#read();
      setImmediate(() => {
        this.#reading = undefined;
      });
    }
    return this.#reading;
  }

  async #read(): Promise<Reading[]> {
    const reports: [string, Report][] = [];
    for (const [run, name] of this.#runs) reports.push([name, await run.report()]);
    return [
      ...families.map(({ name, help, kind, read }) => ({ name, help, kind, samples: samples(reports, read) })),
      ...processFamilies.map(({ value, ...rest }) => ({ ...rest, samples: [{ labels: {}, value: value() }] })),
    ];
  }
}

/** One, several, or none yet. */
export function addAll(metrics: RunMetrics, runs: Run | readonly Run[]): void {
  for (const run of Array.isArray(runs) ? (runs as readonly Run[]) : [runs as Run]) metrics.add(run);
}

const samples = (reports: readonly [string, Report][], read: Family['read']): Sample[] =>
  reports.flatMap(([run, report]) => read(report).map((sample) => ({ ...sample, labels: { run, ...sample.labels } })));
