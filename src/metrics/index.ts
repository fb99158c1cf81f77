/** Metrics and traces of runs for Prometheus and OpenTelemetry (docs/observability.md). */
export { type MeteringOptions, metering, type OtelMetrics } from './metering.js';
export { metricsHandler, type PrometheusMetrics, type PromRegistry, prometheus } from './prometheus.js';
export { type TracingOptions, tracing } from './tracing.js';
