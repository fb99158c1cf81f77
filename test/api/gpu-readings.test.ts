/** Readings of a GPU, on the simulated driver and the simulated NVML (build/simulator, of the native tests). */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { required } from '../require.js';
import { compiled, program } from './children.js';
import { root } from './clips.js';

const simulator = join(root, 'build/simulator');
const libraries = ['libcuda.so.1', 'libnvidia-ml.so.1'];
const ready =
  compiled &&
  required(
    'simulator',
    libraries.every((name) => existsSync(join(simulator, name))),
  );
if (!ready) console.log('skipped: readings of a GPU, without the compiled library and build/simulator');

/** What doctor finds, with these rules for NVML. */
async function doctor(nvml = '', folder = simulator) {
  const env = { ...process.env, LD_LIBRARY_PATH: folder, FRAMEPATH_SIM_NVML: nvml };
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'lib/cli.js'), 'doctor', '--json'], {
    env,
  }).catch((error: { stdout: string }) => error); // exit status 1: something else is missing here
  return JSON.parse(stdout).native;
}

describe.skipIf(!ready)('doctor', () => {
  test("finds CUDA's GPU among NVML's by its place on the bus", async () => {
    const { nvml } = await doctor('sm=71');
    expect(nvml.gpus.map(({ device, pciBusId, sm }: Record<string, unknown>) => [device, pciBusId, sm])).toEqual([
      [null, '0000:01:00.0', 0],
      ['cuda:0', '0000:65:00.0', 71],
    ]);
    expect(nvml.gpus[1]).toMatchObject({
      name: 'Simulated GPU',
      driver: '580.00.00',
      mig: false,
      memoryController: 20,
      encoder: 30,
      decoder: 60,
      memoryBytes: 3 * 2 ** 30,
      memoryTotalBytes: 80 * 2 ** 30,
      temperatureC: 55,
      powerW: 215.5,
      samplingMs: { encoder: 167, decoder: 167 },
      missing: {},
    });
  });

  test('reports why there is no reading, and goes on', async () => {
    const { nvml } = await doctor('nvmlDeviceGetPowerUsage:3');
    expect(nvml.gpus[1]).toMatchObject({ powerW: null, missing: { powerW: 'Not Supported (3)' }, sm: 40 });
    expect((await doctor('nvmlInit_v2:9')).nvml.error).toContain('Driver Not Loaded (9)');
    const elsewhere = await doctor('', join(root, 'test'));
    if ('error' in elsewhere.nvml) expect(elsewhere.nvml.error).toContain('NVML cannot be opened: libnvidia-ml.so.1');
  });
});

describe.skipIf(!ready)('the report', () => {
  const run = (device: string, nvml: string) =>
    program(
      `async function* pictures() { for (let i = 0; i < 5; i++) yield new Uint8Array(64 * 64); }
       const run = await pipeline(frames(pictures(), { width: 64, height: 64, format: 'gray8', fps: 25 }))
         .options({ device: '${device}' }).start();
       await run.done;
       console.log(JSON.stringify((await run.report()).gpu));
       await run.close();`,
      { env: { LD_LIBRARY_PATH: simulator, FRAMEPATH_SIM_NVML: nvml } },
    ).ended;

  test('of a run on a GPU has the readings of NVML', async () => {
    const { out, err } = await run('cuda:0', 'sm=50,nvmlDeviceGetEncoderUtilization:3');
    expect(err).toBe('');
    const gpu = JSON.parse(out);
    expect(gpu).toMatchObject({
      error: null,
      name: 'Simulated GPU',
      pciBusId: '0000:65:00.0',
      sm: { mean: 50, max: 50 },
      encoder: null,
      powerW: { mean: 215.5, max: 215.5 },
      missing: { encoder: 'Not Supported (3)' },
    });
    expect(gpu.samples).toBeGreaterThanOrEqual(1);
  });

  test('reports why NVML has no reading', async () => {
    const { out } = await run('cuda:0', 'nvmlInit_v2:18');
    expect(JSON.parse(out)).toMatchObject({ error: expect.stringContaining('(18)'), samples: 0, sm: null });
  });

  test('of a run on the CPU has none', async () => {
    expect(JSON.parse((await run('cpu', '')).out)).toBe(null);
  });
});
