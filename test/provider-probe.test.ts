/** Providers tried in a child process, on the simulated driver and runtime: what dies or hangs there must not happen here. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GraphBuilder } from '../packages/models/src/graph-builder.js';
import { writeModel } from '../packages/models/src/onnx-proto.js';
import { loadSettings } from '../src/config.js';
import { chooseProviders } from '../src/providers/choose.js';
import { type ProbeRequest, probe, whyOff } from '../src/providers/probe.js';
import { probeModel } from '../src/providers/probe-model.js';
import { required } from './require.js';
import { scratch } from './tiny.js';

const root = join(import.meta.dirname, '..');
const simulator = join(root, 'build/simulator');
const shim = join(simulator, 'ort/libonnxruntime.so.1');
const real = join(root, 'node_modules/onnxruntime-node/bin/napi-v6/linux', process.arch, 'libonnxruntime.so.1');
const simulated = required('simulator', existsSync(shim));
const asked: ProbeRequest = { provider: 'cuda', device: 'cuda:0', runtimeLibraries: [shim] };

let cache: string;

beforeEach(() => {
  cache = scratch('providers');
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.stubEnv('LD_LIBRARY_PATH', simulator);
  vi.stubEnv('FRAMEPATH_SIM_ORT_REAL', real);
});
afterEach(() => vi.unstubAllEnvs());

const findings = () =>
  existsSync(join(cache, 'framepath')) ? readdirSync(join(cache, 'framepath')).filter((f) => f.includes('cuda')) : [];

test('the model that providers are tried with is a convolution and what follows it', () => {
  const graph = new GraphBuilder('probe');
  const input = graph.input('input', [1, 3, 8, 8]);
  const weights = graph.constant('weights', [4, 3, 3, 3], new Float32Array(4 * 3 * 9).fill(0.1));
  graph.node('Relu', [graph.window('Conv', [input, weights], 3, 1, 1)], {}, 'output');
  graph.output('output', [1, 4, 8, 8]);
  expect(Buffer.from(probeModel())).toEqual(Buffer.from(writeModel(graph.build('framepath'))));
});

describe.skipIf(!simulated)('a provider', () => {
  test('that runs a small model works', async () => {
    expect(await probe(asked)).toEqual({ state: 'works' });
    expect(await whyOff(asked)).toBeUndefined();
  });

  test.each(['options_fail', 'append_fail', 'session_fail', 'run_fail:1+'])(
    'that fails with a reason is safe to try: %s',
    async (rule) => {
      vi.stubEnv('FRAMEPATH_SIM_ORT', rule);
      expect(await probe(asked)).toMatchObject({ state: 'fails', reason: expect.stringContaining('cuda: ') });
      expect(await whyOff(asked)).toBeUndefined();
    },
  );

  test('that kills its process is off, with what it died of', async () => {
    vi.stubEnv('FRAMEPATH_SIM_ORT', 'crash');
    expect(await probe(asked)).toMatchObject({ state: 'crashes', reason: expect.stringContaining('SIGSEGV') });
    expect(await whyOff(asked)).toContain('it crashes: it died of SIGSEGV');
  });

  test('that hangs is off', async () => {
    vi.stubEnv('FRAMEPATH_SIM_ORT', 'hang');
    expect(await whyOff(asked, 1500)).toContain('it hangs: it was not done after 1.5 s');
  });

  test('whose library is not there needs no child', async () => {
    expect(await whyOff({ ...asked, provider: 'tensorrt' })).toBeUndefined();
    expect(await whyOff({ ...asked, runtimeLibraries: [real] })).toBeUndefined();
    expect(await whyOff({ ...asked, runtimeLibraries: ['libonnxruntime.so.1'] })).toBeUndefined();
    expect(findings()).toEqual([]);
  });
});

describe.skipIf(!simulated)('a finding', () => {
  test('is kept as long as nothing changes that it depends on', async () => {
    vi.stubEnv('FRAMEPATH_SIM_ORT', 'crash');
    expect(await whyOff(asked)).toContain('crashes');
    vi.stubEnv('FRAMEPATH_SIM_ORT', '');
    expect(await whyOff(asked)).toContain('crashes');
    expect(findings()).toHaveLength(1);

    vi.stubEnv('LD_LIBRARY_PATH', `${simulator}:/opt/other`);
    expect(await whyOff(asked)).toBeUndefined();
    expect(findings()).toHaveLength(2);
  });

  test('belongs to the libraries it was made with', async () => {
    const elsewhere = join(cache, 'elsewhere');
    mkdirSync(elsewhere);
    for (const file of ['libonnxruntime.so.1', 'libonnxruntime_providers_cuda.so'])
      symlinkSync(join(simulator, 'ort', file), join(elsewhere, file));
    await whyOff(asked);
    await whyOff({ ...asked, runtimeLibraries: [join(elsewhere, 'libonnxruntime.so.1')] });
    expect(findings()).toHaveLength(2);
  });

  test('that cannot be read is made again', async () => {
    await whyOff(asked);
    writeFileSync(join(cache, 'framepath', findings()[0]!), 'not JSON');
    vi.stubEnv('FRAMEPATH_SIM_ORT', 'crash');
    expect(await whyOff(asked)).toContain('crashes');
  });
});

test.skipIf(!simulated)('doctor tries every provider of the GPU', () => {
  vi.stubEnv('FRAMEPATH_ORT_LIBRARY', shim);
  const doctor = (rules: string) => {
    vi.stubEnv('FRAMEPATH_SIM_ORT', rules);
    const { stdout } = spawnSync(process.execPath, [join(root, 'lib/cli.js'), 'doctor'], { encoding: 'utf8' });
    return stdout.slice(stdout.indexOf('models on cuda:0:')).split('\n').slice(1, 3);
  };
  const [tensorrt, cuda] = doctor('');
  expect(tensorrt).toMatch(/^ {2}tensorrt: does not work\. .*libnvinfer\.so\.10/);
  expect(cuda).toBe('  cuda: works');
  expect(doctor('crash')[1]).toMatch(/^ {2}cuda: crashes\. it died of SIGSEGV/);
});

describe.skipIf(!simulated)('the providers of a run', () => {
  const settings = (device: string, env: Record<string, string> = {}) =>
    loadSettings({ device, runtime: { library: shim } }, cache, env);

  test('on the CPU are not probed', async () => {
    expect((await chooseProviders(await settings('cpu'))).off).toBeUndefined();
    expect(findings()).toEqual([]);
  });

  test('on a GPU are off where the probe died, and only those that are wanted are probed', async () => {
    vi.stubEnv('FRAMEPATH_SIM_ORT', 'crash');
    const { off } = await chooseProviders(await settings('cuda:0'));
    expect(Object.keys(off!)).toEqual(['cuda']);
    const chosen = await chooseProviders(await settings('cuda:0', { FRAMEPATH_PROVIDERS: 'cpu' }));
    expect(chosen).toMatchObject({ order: ['cpu'], off: {} });
  });

  test('come from the settings, and unknown ones are reported', async () => {
    const decided = await loadSettings({}, cache, { FRAMEPATH_PROVIDERS: 'cuda,cpu' });
    expect(decided.providers).toEqual({ value: ['cuda', 'cpu'], from: 'FRAMEPATH_PROVIDERS' });
    await expect(loadSettings({}, cache, { FRAMEPATH_PROVIDERS: 'metal' })).rejects.toThrow(
      'FRAMEPATH_PROVIDERS cannot be used',
    );
  });
});
