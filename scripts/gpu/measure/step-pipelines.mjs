// Pipelines A to D of the bench, on the device and on the CPU of the same machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trial } from './trials.mjs';

/** `cpuSeconds`: where the sources are cut on the CPU, which takes longer for each. */
const catalogue = (clips) => [
  { name: 'A', clips: [clips.long1080], cpuSeconds: 10 },
  { name: 'B', clips: [clips.left1080, clips.right1080], cpuSeconds: 6 },
  { name: 'C', clips: [clips.long1080], cpuSeconds: 10 },
  { name: 'D', clips: Array(8).fill(clips.long720), cpuSeconds: 5 },
];

export async function run({ device, clips, quick }, { add, attempt }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-gpu-'));
  try {
    for (const { name, clips: of, cpuSeconds } of catalogue(clips)) {
      for (const on of [device, 'cpu']) {
        await attempt(`${name} on ${on}`, async () => {
          const seconds = quick ? 1 : on === 'cpu' ? cpuSeconds : undefined;
          const job = { pipeline: name, clips: of, settings: { device: on }, out: join(folder, `${name}.mp4`) };
          const row = await trial({ ...job, ...(seconds && { options: { video: { endMs: seconds * 1000 } } }) });
          add('rows', { name, sources: of.length, ...row });
        });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
