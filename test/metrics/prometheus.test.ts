/** Metrics of real runs: as text, over HTTP, in prom-client's registry. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, frames, grid, pipeline, video } from '../../src/index.js';
import { metricsHandler, prometheus } from '../../src/metrics/index.js';
import { hostsWork } from '../api/analyzer-files.js';
import { folderFor, patternClip, root } from '../api/clips.js';
import { type ParsedFamily, parse } from './parse.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('prometheus');
  clip = patternClip(join(folder, 'clip.mp4'));
}, 60_000);

/** The value of the one sample of a family that has these labels. */
function valueIn(families: Map<string, ParsedFamily>, name: string, labels: Record<string, string> = {}): number {
  const family = families.get(name) ?? families.get(name.replace(/_(sum|count)$/, ''));
  const samples = family?.samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  if (samples?.length !== 1) throw new Error(`${samples?.length} samples of ${name} ${JSON.stringify(labels)}`);
  return samples[0]!.value;
}

const brightness = join(root, 'test/modules/brightness.js');

/** Two sources, an analyzer that skips, one in a thread, an output. */
const start = () =>
  pipeline(video(clip, { id: 'left' }), video(clip, { id: 'right' }))
    .use(
      analyzer({
        name: 'odd',
        onError: 'skip',
        analyze({ index }) {
          if (index % 2) throw new Error('on purpose');
          return index;
        },
      }),
    )
    .use(analyzer(brightness, { name: 'brightness', isolation: 'thread' }))
    .compose(grid({ width: 128, height: 64 }))
    .encode(join(folder, 'out.mp4'), { profile: 'realtime' })
    .start();

describe.skipIf(!hostsWork)('metrics of a run', () => {
  test('equal the report, by the rules of the format', async () => {
    const run = await start();
    const metrics = prometheus(run);
    await run.done;
    const families = parse(await metrics.text());
    const report = await run.report();
    await run.close();
    const labels = { run: String(run.number) };
    for (const source of ['left', 'right']) {
      expect(valueIn(families, 'framepath_frames_total', { ...labels, source })).toBe(50);
      expect(valueIn(families, 'framepath_frames_delivered_total', { source })).toBe(50);
      expect(valueIn(families, 'framepath_frames_in_flight', { source })).toBe(0);
      expect(valueIn(families, 'framepath_decoded_frames_total', { source, decoder: 'software' })).toBe(50);
      expect(valueIn(families, 'framepath_decode_errors_total', { source })).toBe(0);
    }
    expect(valueIn(families, 'framepath_results_total', { module: 'odd', result: 'value' })).toBe(50);
    expect(valueIn(families, 'framepath_results_total', { module: 'odd', result: 'error' })).toBe(50);
    expect(valueIn(families, 'framepath_failures_total', { module: 'odd' })).toBe(50);
    expect(valueIn(families, 'framepath_results_total', { module: 'brightness', result: 'value' })).toBe(100);
    expect(valueIn(families, 'framepath_queue_frames', { module: 'odd' })).toBe(0);
    expect(valueIn(families, 'framepath_stage_service_seconds_count', { stage: 'odd' })).toBe(100);
    const { sum } = report.stages.find(({ name }) => name === 'brightness')!.serviceMs;
    expect(valueIn(families, 'framepath_stage_service_seconds_sum', { stage: 'brightness' })).toBeCloseTo(
      sum / 1000,
      9,
    );
    const host = { module: 'brightness', kind: 'thread', instance: '0' };
    expect(valueIn(families, 'framepath_host_answers_total', host)).toBe(100);
    const busy = valueIn(families, 'framepath_host_busy_seconds_total', host);
    expect(busy).toBeGreaterThan(0);
    expect(busy).toBeLessThan(sum / 1000);
    expect(valueIn(families, 'framepath_host_restarts_total', host)).toBe(0);
    const [output] = report.outputs;
    expect(valueIn(families, 'framepath_encoded_frames_total')).toBe(output!.frames);
    expect(output!.bytes).toBeGreaterThan(1000);
    expect(valueIn(families, 'framepath_encoded_bytes_total')).toBe(output!.bytes);
    expect(valueIn(families, 'framepath_live_objects', { kind: 'tasks' })).toBe(0);
    expect(valueIn(families, 'framepath_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(valueIn(families, 'framepath_run_info', { device: 'cpu' })).toBe(1);
  });

  test('are live: counters only rise, and a frame in flight is seen', async () => {
    const run = await start();
    const metrics = prometheus(run);
    let before = new Map<string, number>();
    let most = 0;
    for await (const { index } of run) {
      if (index % 8) continue;
      const families = parse(await metrics.text());
      const counters = new Map<string, number>();
      for (const { type, samples } of families.values())
        if (type !== 'gauge')
          for (const { name, labels, value } of samples) counters.set(`${name}${JSON.stringify(labels)}`, value);
      for (const [series, value] of before) expect(counters.get(series), series).toBeGreaterThanOrEqual(value);
      before = counters;
      most = Math.max(most, valueIn(families, 'framepath_frames_in_flight', { source: 'left' }));
    }
    await run.close();
    expect(before.size).toBeGreaterThan(100);
    expect(most).toBeGreaterThan(0);
  });

  test('of several runs have different labels, and go when they are removed', async () => {
    async function* one() {
      yield new Uint8Array(16 * 16 * 3);
    }
    const source = () => frames(one(), { width: 16, height: 16, format: 'rgb24' });
    const [a, b] = [await pipeline(source()).start(), await pipeline(source()).start()];
    await Promise.all([a.done, b.done]);
    const metrics = prometheus(a).add(b, 'second');
    const labels = async () =>
      parse(await metrics.text())
        .get('framepath_frames_total')
        ?.samples.map(({ labels }) => labels.run);
    expect(await labels()).toEqual([String(a.number), 'second']);
    expect(() => metrics.add(a, 'second')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    metrics.remove(a);
    await Promise.all([a.close(), b.close()]);
    expect(await labels()).toEqual(['second']);
    metrics.remove(b);
    expect(await labels()).toBeUndefined();
    expect(() => prometheus({} as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('answer scrapes over HTTP', async () => {
    const run = await start();
    const server = createServer(metricsHandler(prometheus(run)));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const ask = (method: string) =>
      new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: '/metrics', method }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text) => {
            body += text;
          });
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
        })
          .on('error', reject)
          .end();
      });
    const got = await ask('GET');
    expect(got.status).toBe(200);
    expect(got.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parse(got.body).size).toBeGreaterThan(20);
    const head = await ask('HEAD');
    expect([head.status, head.body]).toEqual([200, '']);
    expect((await ask('POST')).status).toBe(405);
    server.close();
    await run.close();
  });

  test("are in prom-client's registry as in the text", async () => {
    const run = await start();
    await run.done;
    const metrics = prometheus(run);
    const registry = new Registry();
    metrics.register(registry);
    const theirs = parse(`${(await registry.metrics()).replaceAll('\n\n', '\n')}`);
    const ours = parse(await metrics.text());
    await run.close();
    const changing = /memory|cpu_seconds/;
    const withSamples = [...theirs.values()].filter(({ samples }) => samples.length);
    expect(withSamples.filter(({ name }) => !changing.test(name))).toEqual(
      [...ours.values()].filter(({ name }) => !changing.test(name)),
    );
    expect(() => metrics.register(registry)).toThrow('already been registered');
  });
});
