/** Metrics of runs for Prometheus: as text, over HTTP, or in prom-client's registry. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Run } from '../run/run.js';
import { contentType, exposition, linesOf } from './exposition.js';
import { families, processFamilies } from './families.js';
import { addAll, RunMetrics } from './watched.js';

/** The part of prom-client's `Registry` that is used. */
export interface PromRegistry {
  registerMetric(metric: never): void;
}

/**
 * Metrics of runs. Names are in {@link https://prometheus.io/docs/practices/naming/ base units}; each sample of a run
 * has the label `run`.
 */
export class PrometheusMetrics extends RunMetrics {
  /** of {@link text} */
  readonly contentType = contentType;

  /** In the text format 0.0.4. */
  async text(): Promise<string> {
    return exposition(await this.read());
  }

  /**
   * Registers the metrics in a registry of prom-client.
   * @throws what the registry throws when a name is taken
   */
  register(registry: PromRegistry): this {
    for (const { name, help, kind } of [...families, ...processFamilies]) {
      const get = async () => {
        const reading = (await this.read()).find((each) => each.name === name)!;
        const values = linesOf(reading).map(({ name: metricName, labels, value }) => ({ metricName, labels, value }));
        return { name, help, type: kind, values, aggregator: 'sum' };
      };
      registry.registerMetric({ name, help, type: kind, aggregator: 'sum', get, reset: () => undefined } as never);
    }
    return this;
  }
}

/**
 * Metrics of one run, of several, or of those that come later (`add`).
 * @example
 * ```ts
 * const run = await pipeline(camera('rtsp://door')).use(detect('faces', 'blazeface')).start();
 * http.createServer(metricsHandler(prometheus(run))).listen(9464);
 * ```
 * @throws INVALID_ARGUMENT
 */
export function prometheus(runs: Run | readonly Run[] = []): PrometheusMetrics {
  const metrics = new PrometheusMetrics();
  addAll(metrics, runs);
  return metrics;
}

/** Answers a scrape on any path; a handler for `node:http` and compatible servers. GET and HEAD only. */
export function metricsHandler(
  metrics: PrometheusMetrics,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async ({ method }, response) => {
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    try {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType, 'content-length': Buffer.byteLength(text) });
      response.end(method === 'HEAD' ? undefined : text);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${(error as Error).message}\n`);
    }
  };
}
