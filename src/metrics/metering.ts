/** Metrics of runs for OpenTelemetry, from the same list as for Prometheus. */
import type { Run } from '../run/run.js';
import { fields } from '../validate.js';
import { families, type Labels, processFamilies, type Sample } from './families.js';
import {
  api,
  type OtelAttributes,
  type OtelMeter,
  type OtelMeterProvider,
  type OtelResult,
  scope,
} from './opentelemetry.js';
import { addAll, RunMetrics } from './watched.js';

export interface MeteringOptions {
  /** default: one of `meterProvider` */
  meter?: OtelMeter;
  /** default: the global one of `@opentelemetry/api` */
  meterProvider?: OtelMeterProvider;
}

const units: Record<string, string> = { seconds: 's', bytes: 'By', ratio: '1', celsius: 'Cel', watts: 'W' };

/** `framepath_encoded_bytes_total` becomes `framepath.encoded` in `By`: exporters for Prometheus put the rest back. */
export function instrumentOf(name: string): { name: string; unit: string } {
  const parts = name.replace(/_total$/, '').split('_');
  const unit = units[parts.at(-1)!];
  return { name: parts.slice(0, unit ? -1 : undefined).join('.'), unit: unit ?? '' };
}

const attributesOf = (labels: Labels): OtelAttributes =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`framepath.${name}`, value]));

/** See {@link metering}. */
export class OtelMetrics extends RunMetrics {
  readonly #meter: OtelMeter;
  readonly #instruments = new Map<string, object>();

  constructor(meter: OtelMeter) {
    super();
    this.#meter = meter;
    for (const { name: full, help, kind } of [...families, ...processFamilies]) {
      const { name, unit } = instrumentOf(full);
      if (kind === 'histogram') {
        this.#instruments.set(`${full}_sum`, meter.createObservableCounter(`${name}.sum`, { description: help, unit }));
        this.#instruments.set(`${full}_count`, meter.createObservableCounter(`${name}.count`, { description: help }));
      } else {
        const create = kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge';
        this.#instruments.set(full, meter[create](name, { description: help, unit }));
      }
    }
    meter.addBatchObservableCallback(this.#observe, [...this.#instruments.values()] as never);
  }

  /** Removes the callback from the meter. */
  stop(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, [...this.#instruments.values()] as never);
  }

  readonly #observe = async (result: OtelResult): Promise<void> => {
    const observe = (name: string, value: number, { labels }: Sample) =>
      result.observe(this.#instruments.get(name) as never, value, attributesOf(labels));
    for (const { name, samples } of await this.read())
      for (const sample of samples) {
        if ('value' in sample) observe(name, sample.value, sample);
        else {
          observe(`${name}_sum`, sample.sum, sample);
          observe(`${name}_count`, sample.count, sample);
        }
      }
  };
}

/**
 * Metrics of one run, of several, or of those that come later (`add`), as observable counters and gauges: read when the
 * meter's reader collects. OpenTelemetry has no observable histograms: times have a `.sum` and a `.count`. Needs
 * `@opentelemetry/api` where neither option is given.
 * @example
 * ```ts
 * const metrics = metering(run, { meterProvider });
 * ```
 * @throws INVALID_ARGUMENT; MODULE_UNUSABLE without `@opentelemetry/api`
 */
export function metering(runs: Run | readonly Run[] = [], options: MeteringOptions = {}): OtelMetrics {
  const any = () => undefined;
  fields('options', options, { meter: any, meterProvider: any });
  const metrics = new OtelMetrics(options.meter ?? (options.meterProvider ?? api().metrics).getMeter(scope));
  addAll(metrics, runs);
  return metrics;
}
