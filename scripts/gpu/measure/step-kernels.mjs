// The conformance program on the device: every kernel against its scalar body, then how fast it is beside a copy. Last, the
// other test programs that are about a device.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeLibraries } from '../../../lib/runtime-library.js';
import { root } from '../../steps/shell.mjs';
import { deviceTests } from './steps.mjs';
import { output } from './trials.mjs';

const build = join(root, 'build');
const program = join(build, 'conformance_test');

/** {passed, failed} of a test program; read from its output. @throws Error when it does not come to that */
function tested(file, env) {
  const text = output(file, [], { env, statuses: [0, 1] });
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(text);
  if (!counts) throw new Error(`the program did not come to its end: ${text.slice(-1000)}`);
  const [passed, failed] = counts.slice(1).map(Number);
  return { passed, failed, text };
}

export async function run({ device, quick }, { set, add, attempt }) {
  await attempt('equal to the host', () => {
    const env = { REQUIRE_CUDA: '1', FRAMEPATH_CASES: quick ? '10' : '120' };
    const { passed, failed, text } = tested(program, env);
    set('equal', { passed, failed, cases: Number(env.FRAMEPATH_CASES) });
    if (failed) throw new Error(text.slice(-2000));
  });
  const folder = mkdtempSync(join(tmpdir(), 'framepath-gpu-'));
  try {
    await attempt('speed', () => {
      const file = join(folder, 'perf.json');
      const only = quick ? ['--only', '2160p'] : [];
      output(program, ['--perf', '--device', device, '--json', file, ...only], { seconds: 60 });
      set('speed', JSON.parse(readFileSync(file, 'utf8')));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [runtime] = runtimeLibraries(process.env.FRAMEPATH_ORT_LIBRARY);
  const env = {
    REQUIRE_CUDA: '1',
    FRAMEPATH_TEST_DEVICE: device,
    FRAMEPATH_CASES: '20',
    FRAMEPATH_ORT_LIBRARY: runtime,
  };
  for (const name of deviceTests)
    await attempt(name, () => {
      const { passed, failed, text } = tested(join(build, name), env);
      add('tests', { name, passed, failed });
      if (failed) throw new Error(text.slice(-2000));
    });
}
