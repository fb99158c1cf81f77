// What there is: framepath doctor, the driver's own tool, and whether NVENC really encodes.
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, trial } from './trials.mjs';

const smi = ['--query-gpu=name,driver_version,memory.total,pstate,clocks.max.sm', '--format=csv,noheader'];

export async function run({ device, clips }, { set, attempt }) {
  set('kernel', release());
  set('libc', process.report.getReport().header.glibcVersionRuntime ?? null);
  await attempt('framepath doctor', () => {
    // Status 1: something that every run needs is missing; the findings name it.
    set('doctor', JSON.parse(output(process.execPath, ['lib/cli.js', 'doctor', '--json'], { statuses: [0, 1] })));
  });
  try {
    set('nvidiaSmi', output('nvidia-smi', smi, { seconds: 15 }).trim());
  } catch (error) {
    set('nvidiaSmi', null); // not every machine has it
    set('nvidiaSmiMissing', error.message.split('\n')[0]);
  }
  const folder = mkdtempSync(join(tmpdir(), 'framepath-gpu-'));
  try {
    await attempt('a second through the encoder', async () => {
      const job = { pipeline: 'B', clips: [clips.left1080, clips.right1080], out: join(folder, 'out.mp4') };
      const row = await trial({ ...job, settings: { device }, options: { video: { endMs: 1000 } } });
      // A canvas that came to the host was encoded there.
      set('encoding', { inSoftware: row.copies.d2hEncode > 0, recoveries: row.recoveries });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
