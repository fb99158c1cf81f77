// What tests find in their environment.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps/shell.mjs';
import { hasSimulatedVideo } from '../steps/system-packages.mjs';

export const build = join(root, 'build');
const runtime = join(root, 'node_modules/onnxruntime-node/bin/napi-v6/linux', process.arch, 'libonnxruntime.so.1');

/** Where random cases begin: another place for every commit, the same for all who test it. */
function seedOfCommit() {
  const head = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return head.status === 0 ? Number.parseInt(head.stdout.slice(0, 7), 16) : 1;
}
export const seed = Number(process.env.FRAMEPATH_SEED || seedOfCommit());

/** ONNX Runtime, models and, where there are any, evaluation data. */
export const environment = {
  FRAMEPATH_ORT_LIBRARY: runtime,
  FRAMEPATH_MODELS: join(root, 'models'),
  FRAMEPATH_SEED: `${seed}`,
};
// What set-up makes must be there: its tests may not skip (test/require.ts).
if (!process.env.FRAMEPATH_REQUIRE && !process.env.CI)
  environment.FRAMEPATH_REQUIRE = 'addon,models,runtime,library,ffmpeg,simulator';
const evaluationData = join(root, '../shared/eval');
if (!process.env.FRAMEPATH_EVAL_DATA && existsSync(evaluationData)) environment.FRAMEPATH_EVAL_DATA = evaluationData;

/** Random cases that nobody else has tried: `part` of them runs them under another sanitizer, or on another device. */
export const seedsOf = (part) => ({ FRAMEPATH_SEED: `${seed + part * 100_000}` });

/** How work behaves on the simulated GPU: at once; late, so that missing fences show; and out of reach for host code. */
export const simulations = {
  '': {},
  ', late': { FRAMEPATH_SIM_LAZY: '1' },
  ', late and strict': { FRAMEPATH_SIM_LAZY: '1', FRAMEPATH_SIM_STRICT: '1' },
};
export const strictest = ', late and strict';

/** On the simulated GPU (test/simulator/simulator.h) that was built in `folder`. */
export function simulated(folder, env = {}) {
  const path = [join(folder, 'simulator'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    LD_LIBRARY_PATH: path,
    REQUIRE_CUDA: '1',
    FRAMEPATH_TEST_DEVICE: 'cuda:0',
    FRAMEPATH_CASES: '60',
    FRAMEPATH_ORT_LIBRARY: join(folder, 'simulator/ort/libonnxruntime.so.1'),
    FRAMEPATH_SIM_ORT_REAL: runtime,
    ...(hasSimulatedVideo() && { REQUIRE_VIDEO: '1' }),
    ...env,
  };
}
