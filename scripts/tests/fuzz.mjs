// The fuzz targets as a job: each for a few seconds, from seeds of this commit.
import { join } from 'node:path';
import { root } from '../steps/shell.mjs';
import { reasonsIn, runCaptured } from './jobs.mjs';

export const fuzzJob = (args = ['--ci']) => ({
  name: `fuzz ${args.join(' ')}`,
  cores: 2,
  async run() {
    const script = join(root, 'scripts/fuzz.mjs');
    const { status, output } = await runCaptured(process.execPath, [script, ...args], { echo: true, minutes: 600 });
    const counts = /^(\d+) passed, (\d+) failed$/m.exec(output);
    const failed = Number(counts?.[2] ?? 0) || (status === 0 ? 0 : 1);
    return { passed: Number(counts?.[1] ?? 0), failed, reasons: failed ? reasonsIn(output) : [] };
  },
});
