// The conformance program on the device: every kernel against its scalar body, then how fast it is beside a copy.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './trials.mjs';

const program = fileURLToPath(new URL('../../../build/conformance_test', import.meta.url));

export async function run({ device, quick }, { set, attempt }) {
  await attempt('equal to the host', () => {
    const env = { REQUIRE_CUDA: '1', FRAMEPATH_CASES: quick ? '10' : '120' };
    const text = output(program, [], { env, statuses: [0, 1] });
    const counts = /(\d+) passed, (\d+) failed\s*$/.exec(text);
    if (!counts) throw new Error(`the program did not come to its end: ${text.slice(-1000)}`);
    const [passed, failed] = counts.slice(1).map(Number);
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
}
