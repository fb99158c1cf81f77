/** Spans and metrics as OpenTelemetry's SDK receives them. */
import { join } from 'node:path';
import { type Context, SpanStatusCode, trace } from '@opentelemetry/api';
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { analyzer, pipeline, video } from '../../src/index.js';
import { metering, prometheus, tracing } from '../../src/metrics/index.js';
import { instrumentOf } from '../../src/metrics/metering.js';
import { hostsWork } from '../api/analyzer-files.js';
import { folderFor, patternClip, root } from '../api/clips.js';
import { parse } from './parse.js';

let clip: string;

beforeAll(() => {
  clip = patternClip(join(folderFor('opentelemetry'), 'clip.mp4'));
}, 60_000);

const startRun = () =>
  pipeline(video(clip, { id: 'left' }), video(clip, { id: 'right' }))
    .use(
      analyzer({
        name: 'picky',
        onError: 'skip',
        analyze({ index }) {
          if (index === 20) throw new Error('on purpose');
        },
      }),
    )
    .use(analyzer(join(root, 'test/modules/brightness.js'), { name: 'brightness', isolation: 'process' }))
    .use(analyzer({ name: 'rare', depends: ['brightness'], stride: 4, analyze: () => 1 }))
    .start();

function provider(sampler?: AlwaysOffSampler) {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor(exporter);
  return {
    exporter,
    tracerProvider: new BasicTracerProvider({ spanProcessors: [processor], ...(sampler && { sampler }) }),
  };
}

const ms = ([seconds, nanoseconds]: [number, number]) => seconds * 1000 + nanoseconds / 1e6;

describe.skipIf(!hostsWork)('tracing', () => {
  test('makes every Nth frame of each source a span, with its stages and hosts below', async () => {
    const { exporter, tracerProvider } = provider();
    const begun = Date.now();
    const run = await startRun();
    tracing(run, { tracerProvider, every: 10 });
    const tracedFrom = Date.now();
    for await (const _ of run);
    await run.close();
    const spans = exporter.getFinishedSpans();
    const frames = spans.filter(({ name }) => name === 'framepath.frame');
    // Frames may have passed before tracing began.
    expect(frames.length).toBeGreaterThanOrEqual(8);
    for (const frame of frames) {
      const index = frame.attributes['framepath.frame.index'] as number;
      const source = frame.attributes['framepath.source'] as string;
      expect(index % 10).toBe(0);
      expect(frame.parentSpanContext).toBeUndefined();
      expect(frame.attributes).toMatchObject({ 'framepath.run': run.number, 'framepath.frame.time_ms': index * 40 });
      expect(ms(frame.startTime)).toBeGreaterThanOrEqual(begun - 5);
      expect(ms(frame.endTime)).toBeLessThanOrEqual(Date.now() + 5);
      const below = (parent: ReadableSpan) =>
        spans.filter((span) => span.parentSpanContext?.spanId === parent.spanContext().spanId);
      const stages = below(frame);
      const names = stages.map(({ name }) => name).sort();
      expect(names).toEqual(['brightness', `decode.${source}`, 'picky', ...(index % 4 === 0 ? ['rare'] : [])].sort());
      for (const stage of stages) {
        expect(stage.spanContext().traceId).toBe(frame.spanContext().traceId);
        expect(ms(stage.startTime)).toBeGreaterThanOrEqual(ms(frame.startTime) - 0.01);
        expect(ms(stage.endTime)).toBeLessThanOrEqual(ms(frame.endTime) + 0.01);
        expect(stage.attributes['framepath.wait_ms']).toBeGreaterThanOrEqual(0);
        expect(stage.attributes['framepath.batch']).toBe(1);
        expect(stage.attributes['framepath.module']).toBe(stage.name.startsWith('decode.') ? undefined : stage.name);
        const failed = stage.name === 'picky' && index === 20;
        expect(stage.attributes['framepath.result']).toBe(failed ? 'error' : 'value');
        expect(stage.status.code).toBe(failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
        const hosts = below(stage);
        // What a host was asked before tracing began is not timed.
        if (stage.name !== 'brightness' || ms(stage.startTime) > tracedFrom + 1)
          expect(hosts).toHaveLength(stage.name === 'brightness' ? 1 : 0);
        for (const host of hosts) {
          expect(host.name).toMatch(/^brightness process \d+$/);
          expect(host.attributes['process.pid']).not.toBe(process.pid);
          expect(ms(host.startTime)).toBeGreaterThanOrEqual(ms(stage.startTime) - 0.01);
          expect(ms(host.endTime)).toBeLessThanOrEqual(ms(stage.endTime) + 0.01);
        }
      }
    }
  });

  test('ends when stopped, and creates no stage spans where the sampler drops the frame', async () => {
    const { exporter, tracerProvider } = provider(new AlwaysOffSampler());
    const run = await startRun();
    let started = 0;
    const tracer = tracerProvider.getTracer('test');
    const counting = {
      startSpan: (name: string, options: object, context?: Context) => {
        started++;
        return tracer.startSpan(name, options, context);
      },
    };
    const stop = tracing(run, { tracer: counting, every: 1 });
    let seen = 0;
    let atStop = 0;
    for await (const _ of run) {
      if (++seen !== 40) continue;
      stop();
      atStop = started;
    }
    await run.close();
    stop(); // once more does nothing
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(started).toBeGreaterThan(0);
    expect(started).toBeLessThanOrEqual(100); // one a frame: no children
    // Frames in flight when it was stopped are not reported either.
    expect(started).toBe(atStop);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  test('refuses what it does not know', async () => {
    const run = await startRun();
    expect(() => tracing(run, { every: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => tracing(run, { evry: 1 } as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    await run.close();
  });
});

class ManualReader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

describe.skipIf(!hostsWork)('metering', () => {
  test('observes the same values as Prometheus', async () => {
    const reader = new ManualReader();
    const meterProvider = new MeterProvider({ readers: [reader] });
    const run = await startRun();
    const metrics = metering(run, { meterProvider });
    await run.done;
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const theirs = new Map(resourceMetrics.scopeMetrics[0]!.metrics.map((metric) => [metric.descriptor.name, metric]));
    const frames = theirs.get('framepath.frames')!;
    expect(frames.dataPointType).toBe(DataPointType.SUM);
    expect(frames.dataPoints.map(({ attributes, value }) => [attributes['framepath.source'], value])).toEqual([
      ['left', 50],
      ['right', 50],
    ]);
    expect(theirs.get('framepath.queue.frames')!.dataPointType).toBe(DataPointType.GAUGE);
    expect(theirs.get('framepath.stage.service.sum')!.descriptor.unit).toBe('s');
    for (const { name, type, samples } of parse(await prometheus(run).text()).values()) {
      if (/memory|cpu_seconds/.test(name)) continue;
      const instrument = instrumentOf(name).name;
      const theirName = (sample: string) =>
        type === 'histogram' ? `${instrument}.${sample.slice(name.length + 1)}` : instrument;
      for (const sample of samples.filter((each) => !each.name.endsWith('_bucket'))) {
        const points = theirs.get(theirName(sample.name))!.dataPoints;
        const point = points.find(({ attributes }) =>
          Object.entries(sample.labels).every(([label, value]) => attributes[`framepath.${label}`] === value),
        );
        expect(point?.value, `${sample.name} ${JSON.stringify(sample.labels)}`).toBe(sample.value);
      }
    }
    metrics.stop();
    const read = vi.spyOn(run, 'report');
    await reader.collect();
    expect(read).not.toHaveBeenCalled();
    await run.close();
    await meterProvider.shutdown();
  });
});
