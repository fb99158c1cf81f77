// The explanation of a pipeline where there is a GPU: the simulated one.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { required } from './require.js';
import { scratch, tinyDetector } from './tiny.js';

const root = join(import.meta.dirname, '..');
const folder = scratch('explain');
const model = tinyDetector(folder);
const simulator = join(root, 'build/simulator/ort/libonnxruntime.so.1');
test.skipIf(!required('simulator', existsSync(simulator)))(
  'on a GPU the batch is what the provider takes, and a fallback to the CPU is reported',
  () => {
    const explained = (rules: string, ...args: string[]) => {
      const command = [
        process.execPath,
        'lib/cli.js',
        'run',
        'a.mp4',
        '--detect',
        model,
        '--embed',
        'none',
        '--explain',
      ];
      const env = { ...process.env, FRAMEPATH_SIM_ORT: rules, FRAMEPATH_DEVICE: 'cuda:0', XDG_CACHE_HOME: folder };
      return execFileSync('scripts/with-simulator', [...command, ...args], { cwd: root, encoding: 'utf8', env });
    };
    const { modules } = JSON.parse(explained('', '--json'));
    expect(modules[0]).toMatchObject({
      where: { value: 'cuda:0', from: 'FRAMEPATH_DEVICE' },
      workers: { value: 2, from: 'default' },
      maxBatch: { value: expect.any(Number), from: 'what cuda takes' },
    });
    expect(modules[0].maxBatch.value).toBeGreaterThan(0);
    const fallen = explained('append_fail');
    expect(fallen).toMatch(/runs on {2}cpu \(cuda does not run the model\)/);
    expect(fallen).toContain('not cuda: ');
  },
);
