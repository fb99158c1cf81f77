/**
 * The part of `@opentelemetry/api` that is used, as own types: the package is optional, so published declarations must not
 * name it.
 */
import { createRequire } from 'node:module';
import { FramepathError } from '../errors.js';

/** Seconds and nanoseconds since 1970. */
export type HrTime = [number, number];

export interface OtelSpan {
  setStatus(status: { code: number }): unknown;
  isRecording(): boolean;
  end(time: HrTime): void;
}

export interface OtelTracer {
  startSpan(name: string, options: object, context?: never): OtelSpan;
}

export interface OtelTracerProvider {
  getTracer(name: string): OtelTracer;
}

export type OtelAttributes = Record<string, string | number>;

export interface OtelResult {
  observe(instrument: never, value: number, attributes: OtelAttributes): void;
}

export interface OtelMeter {
  createObservableCounter(name: string, options: object): object;
  createObservableGauge(name: string, options: object): object;
  addBatchObservableCallback(callback: (result: OtelResult) => Promise<void>, instruments: never): void;
  removeBatchObservableCallback(callback: (result: OtelResult) => Promise<void>, instruments: never): void;
}

export interface OtelMeterProvider {
  getMeter(name: string): OtelMeter;
}

/** The name of our tracer and meter. */
export const scope = 'framepath';

/** `SpanStatusCode.ERROR` */
export const statusError = 2;

interface Api {
  ROOT_CONTEXT: object;
  trace: OtelTracerProvider & { setSpan(context: object, span: OtelSpan): never };
  metrics: OtelMeterProvider;
}

/** @throws MODULE_UNUSABLE where the package is not installed */
export function api(): Api {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as Api;
  } catch (cause) {
    throw new FramepathError('MODULE_UNUSABLE', 'OpenTelemetry is not installed', {
      hint: 'Run: npm i @opentelemetry/api',
      cause,
    });
  }
}
