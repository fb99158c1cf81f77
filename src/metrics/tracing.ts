/** Spans of single frames for OpenTelemetry. */

import type { FrameTimes, StageTimes } from '../generated/results.js';
import { monotonicMs } from '../hosts/worker-slot-figures.js';
import type { Run } from '../run/run.js';
import { fields, integer } from '../validate.js';
import { api, type HrTime, type OtelTracer, type OtelTracerProvider, scope, statusError } from './opentelemetry.js';

export interface TracingOptions {
  /** default: one of `tracerProvider` */
  tracer?: OtelTracer;
  /** default: the global one of `@opentelemetry/api` */
  tracerProvider?: OtelTracerProvider;
  /** one frame of this many has spans, for each source; default 101, a prime, so that it does not align with a stride */
  every?: number;
}

/**
 * From now on every Nth frame of each source becomes a span `framepath.frame`, from its decoding until the results of all
 * modules, with a child span for every stage that worked on it, and below that one for the thread or process of an
 * analyzer. Their attributes: `framepath.run`, `.source`, `.frame.index`, `.frame.time_ms`; `.stage`, `.module`, `.batch`,
 * `.worker`, `.wait_ms`, `.result`; `.host`, `process.pid`. A stage that failed has the status ERROR. Needs
 * `@opentelemetry/api`.
 * @returns a function that stops it; the end of the run stops it too
 * @example
 * ```ts
 * const stop = tracing(run, { tracerProvider, every: 50 });
 * ```
 * @throws INVALID_ARGUMENT; MODULE_UNUSABLE without `@opentelemetry/api`
 */
export function tracing(run: Run, options: TracingOptions = {}): () => void {
  const any = () => undefined;
  fields('options', options, { tracer: any, tracerProvider: any, every: integer(1) });
  const { ROOT_CONTEXT, trace } = api();
  const tracer = options.tracer ?? (options.tracerProvider ?? trace).getTracer(scope);
  return run.frameTimes(options.every ?? 101, (times) => {
    const at = clock();
    const ends = times.stages.map(({ endMs }) => endMs);
    const root = tracer.startSpan('framepath.frame', {
      startTime: at(times.stages[0]!.startMs),
      root: true,
      attributes: frameAttributes(run, times),
    });
    if (root.isRecording()) {
      const inFrame = trace.setSpan(ROOT_CONTEXT, root);
      for (const stage of times.stages) {
        const attributes = { ...stageAttributes(stage), 'framepath.source': times.source };
        const span = tracer.startSpan(stage.stage, { startTime: at(stage.startMs), attributes }, inFrame);
        if (stage.result === 'error') span.setStatus({ code: statusError });
        if (stage.host) {
          const { host, pid, startMs, endMs } = stage.host;
          const options = { startTime: at(startMs), attributes: { 'framepath.host': host, 'process.pid': pid } };
          tracer.startSpan(host, options, trace.setSpan(inFrame, span)).end(at(endMs));
        }
        span.end(at(stage.endMs));
      }
    }
    root.end(at(Math.max(...ends)));
  });
}

const frameAttributes = (run: Run, { source, index, timeMs }: FrameTimes) => ({
  'framepath.run': run.number,
  'framepath.source': source,
  'framepath.frame.index': index,
  'framepath.frame.time_ms': timeMs,
});

const stageAttributes = ({ stage, worker, batch, readyMs, startMs, result }: StageTimes) => ({
  'framepath.stage': stage,
  ...(!stage.startsWith('decode.') && { 'framepath.module': stage }),
  'framepath.batch': batch,
  'framepath.worker': worker,
  'framepath.wait_ms': startMs - readyMs,
  'framepath.result': result,
});

/** Converts monotonic to wall time by one offset, so that the spans of a frame stay consistent. */
function clock(): (ms: number) => HrTime {
  const since1970 = Date.now() - monotonicMs();
  return (ms) => {
    const us = Math.round((since1970 + ms) * 1000);
    return [Math.floor(us / 1e6), (us % 1e6) * 1000];
  };
}
