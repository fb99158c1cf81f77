// The plan of a run: what explain() has, what the report has, and what ran. Random pipelines, by the real addon.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decision, Plan } from '../src/generated/plan.js';
import {
  analyzer,
  classify,
  detect,
  identify,
  type Module,
  type Pipeline,
  pipeline,
  raw,
  type Settings,
  track,
  video,
} from '../src/index.js';
import { firstSeed } from './seed.js';
import { pushed, scratch, side, tinyClip, tinyDetector, tinyEmbedder } from './tiny.js';

const folder = scratch('plan');
const model = tinyDetector(folder);
const embedder = tinyEmbedder(folder);
let clip: string;
const before = { config: process.env.FRAMEPATH_CONFIG, inFlight: process.env.FRAMEPATH_IN_FLIGHT };

beforeAll(() => {
  clip = tinyClip(join(folder, 'clip.mp4'));
  const config = { resultQueue: 32, modules: { faces: { maxWaitMs: 1 }, people: { workers: 3 } } };
  writeFileSync(join(folder, 'framepath.config.json'), JSON.stringify(config));
  process.env.FRAMEPATH_CONFIG = join(folder, 'framepath.config.json');
  process.env.FRAMEPATH_IN_FLIGHT = '6';
});
afterAll(() => {
  for (const [name, value] of [
    ['FRAMEPATH_CONFIG', before.config],
    ['FRAMEPATH_IN_FLIGHT', before.inFlight],
  ] as const)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  rmSync(folder, { recursive: true });
});

/** A generator of numbers: mulberry32. */
function randomFrom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { pick, once: (n: number) => pick(1, n) === 1 };
}

const length = 10;

/** Some options or none: what is left out is for others to decide. */
function randomPipeline(seed: number): Pipeline {
  const { pick, once } = randomFrom(seed);
  const some = <T extends object>(options: T): Partial<T> =>
    Object.fromEntries(Object.entries(options).filter(() => once(2))) as Partial<T>;
  const sources = Array.from({ length: pick(1, 4) }, () =>
    once(3) ? pushed(length) : video(clip, some({ threads: pick(1, 3), maxDecodeErrors: 7, decoder: 'software' })),
  );
  const settings: Settings = some({ device: 'cpu', inFlight: pick(3, 12), keptFrames: 4 });
  const policy = () => some({ maxBatch: pick(1, 4), workers: pick(1, 3), onError: 'skip' as const });
  const modules: Module[] = [detect('faces', model, { ...policy(), ...some({ stride: pick(1, 3) }) }) as Module];
  if (once(2)) modules.push(track('tracks', { of: 'faces', ...some({ bufferMs: 500, matchGate: 0.1 }) }) as Module);
  if (modules.some(({ name }) => name === 'tracks') && once(2))
    modules.push(identify('people', { of: 'tracks', model: embedder, ...(once(2) && { reid: 'off' }) }) as Module);
  if (once(3))
    modules.push(
      classify('kinds', {
        of: modules.at(-1)!.name,
        model: embedder,
        facts: { head: 'classification', labels: [] },
      }) as Module,
    );
  if (once(2)) modules.push(raw('numbers', model, policy()) as Module);
  if (once(2))
    modules.push(analyzer({ name: 'crowd', depends: ['faces'], analyze: () => 1, ...some({ stride: 2 }) } as never));
  return modules.reduce<Pipeline>((all, module) => all.use(module) as Pipeline, pipeline(...sources)).options(settings);
}

/** Every decision of a plan, by its path. */
function decisionsOf(plan: object, path = ''): [string, Decision<unknown>][] {
  return Object.entries(plan).flatMap(([key, value]): [string, Decision<unknown>][] => {
    if (typeof value !== 'object' || value === null) return [];
    const at = `${path}.${key}`;
    return 'by' in value && 'why' in value ? [[at, value as Decision<unknown>]] : decisionsOf(value, at);
  });
}

describe('the plan of a random pipeline', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => firstSeed + i);
  test.each(seeds)('is that of the report, and what ran: seed %i', async (seed) => {
    const description = randomPipeline(seed);
    const { plan, device, modules } = await description.explain();
    const run = await (description as Pipeline<object, object>).start();
    await run.done;
    const report = await run.report();
    await run.close();
    expect(report.plan).toEqual(plan);
    expect(device.value).toBe(report.device);
    expect(plan.device.value).toBe(report.device);
    for (const module of plan.modules) {
      const { name, policy, lane } = module;
      const stage = (of: string) => report.stages.find((one) => one.name === of);
      const lanes = { identify: `${name}.embed`, classify: `${name}.score` } as Record<string, string>;
      const ran = stage(lanes[module.kind] ?? name) ?? stage(name)!;
      expect([name, ran.workers]).toEqual([name, policy.workers.value]);
      if (!lane.stateful.value) expect(ran.count / ran.batches).toBeLessThanOrEqual(policy.maxBatch.value);
      if (policy.stride.value > 1 || module.kind === 'detect')
        expect([name, ran.count]).toEqual([name, plan.sources.length * Math.ceil(length / policy.stride.value)]);
    }
    const opened = plan.modules.flatMap((module) => ('model' in module && module.model.provider ? [module.model] : []));
    expect(opened.map(({ name, provider, batch }) => [name, provider!.value, batch!.value])).toEqual(
      report.models.map(({ name, provider, batch }) => [name, provider, batch]),
    );
    expect(modules.map(({ name, workers }) => [name, workers.value])).toEqual(
      plan.modules.map(({ name, policy }) => [name, policy.workers.value]),
    );
    for (const [path, { by, why }] of decisionsOf(plan)) expect([path, by, why]).not.toContain('');
  });
});

describe('a plan', () => {
  const planOf = async (description: Pipeline): Promise<Plan> => (await description.explain()).plan;
  const people = () =>
    pipeline(video(clip, { stride: 2 }), pushed(4))
      .use(detect('faces', model, { onError: 'skip' }))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model: embedder })) as unknown as Pipeline;

  test('has who decided each option', async () => {
    const plan = await planOf(people().options({ keptFrames: 2, device: 'cpu' }));
    expect(plan.keptFrames).toEqual({ value: 2, by: 'call', why: 'options' });
    expect(plan.inFlight).toEqual({ value: 6, by: 'environment', why: 'FRAMEPATH_IN_FLIGHT' });
    expect(plan.resultQueue).toEqual({ value: 32, by: 'file', why: process.env.FRAMEPATH_CONFIG });
    expect(plan.maxPending).toEqual({ value: 1024, by: 'default', why: 'default' });
    const [first] = plan.sources;
    expect(first).toMatchObject({
      id: '0',
      stride: { value: 2, by: 'call' },
      endMs: { value: null, by: 'default', why: 'its end' },
      live: { value: null, by: 'probe', why: 'by its container' },
      threads: { by: 'engine', why: expect.stringMatching(/^\d+ cores? for 2 sources$/) },
      decoder: { value: 'auto', by: 'default' },
      triesGpu: { value: false, by: 'engine', why: 'the run is on the CPU' },
    });
    const [faces, tracks, identities] = plan.modules;
    expect(faces).toMatchObject({
      policy: {
        onError: { value: 'skip', by: 'call', why: 'call' },
        maxWaitMs: { value: 1, by: 'file', why: process.env.FRAMEPATH_CONFIG },
        maxBatch: { value: 1, by: 'engine', why: 'on the CPU' },
        stride: { value: 1, by: 'default' },
      },
      lane: { stateful: { value: false, by: 'engine' }, pixels: { value: true, why: 'its model' } },
      model: {
        head: { value: 'yolo-end2end', by: 'probe', why: "the model's file" },
        size: { value: [side, side], by: 'probe' },
        provider: { value: 'cpu', by: 'probe', why: 'on the CPU' },
        falls: [],
      },
    });
    expect(tracks).toMatchObject({ kind: 'track', lowThreshold: { value: 0.1, by: 'default' }, of: 'faces' });
    expect(identities).toMatchObject({
      policy: { workers: { value: 3, by: 'file' } },
      metric: { value: 'l2', by: 'probe' },
      threshold: { value: 0.1, by: 'probe' },
    });
  });

  test('has facts of a model that were stated as those of the call', async () => {
    const plan = await planOf(pipeline(pushed(1)).use(detect('faces', model, { scoreThreshold: 0.7 })) as never);
    expect(plan.modules[0]).toMatchObject({ model: { scoreThreshold: { value: 0.7, by: 'call', why: 'call' } } });
  });

  test('has where an analyzer runs, and the limits of its host', async () => {
    writeFileSync(join(folder, 'nod.mjs'), "export default { name: 'nod', analyze: () => 1 };\n");
    const nod = analyzer(join(folder, 'nod.mjs'), { isolation: 'process', timeoutMs: 500, restarts: 2 });
    const plan = await planOf(pipeline(pushed(1)).use(nod) as never);
    expect(plan.modules[0]).toMatchObject({
      name: 'nod',
      policy: { timeoutMs: { value: 500, by: 'call' }, workers: { value: 1, by: 'engine' } },
      lane: { where: { value: 'process', by: 'call' }, stateful: { value: true, why: 'not stateless' } },
      host: { restarts: { value: 2, by: 'call' }, backoffMs: { value: 100, by: 'default' } },
    });
  });

  test('of an output has its threads, its layout and what the sources decide', async () => {
    const plan = await planOf(pipeline(video(clip)).encode(join(folder, 'out.mp4'), { profile: 'realtime' }));
    const [composition] = plan.compositions;
    expect(composition!.outputs[0]).toMatchObject({
      codec: { value: 'h264', by: 'default' },
      profile: { value: 'realtime', by: 'call' },
      threads: { by: 'engine', why: expect.stringMatching(/^\d+ cores?$/) },
      packets: { value: false, by: 'engine' },
    });
    expect(composition!.layout).toMatchObject({ kind: 'custom', fps: { value: null, by: 'probe' } });
  });
});
