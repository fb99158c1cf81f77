// Runs like the demo, one after another in one process, with sources that join and leave (scripts/soak.mjs): frames are
// lost nowhere, nothing is alive after a run, and the GPU's memory comes back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../../../lib/addon.js';
import * as api from '../../../lib/index.js';
import { cycle, judge, reading } from '../../soak.mjs';
import { recoveryLine } from './trials.mjs';

/** Memory of the whole GPU that is in use, by NVML; null where it does not report it. */
async function vramBytes(device) {
  const { nvml } = JSON.parse(await loadAddon().doctor('{"runtimeLibraries":[]}'));
  return nvml.gpus?.find((gpu) => gpu.device === device)?.memoryBytes ?? null;
}

export async function run({ device, clips, quick, churnMinutes }, { set, attempt }) {
  const minutes = churnMinutes ?? (quick ? 0.1 : 0.75);
  const folder = mkdtempSync(join(tmpdir(), 'framepath-gpu-'));
  const readings = [];
  const recoveries = new Set();
  let frames = 0;
  const begun = performance.now();
  const minute = () => (performance.now() - begun) / 60_000;
  try {
    await attempt('churn', async () => {
      let first; // after one run: what the driver keeps for the process is there
      for (let number = 0; number < 2 || minute() < minutes; number++) {
        const done = await cycle(number, { left: clips.long720, right: clips.long1080 }, folder, api, { device });
        frames += done.frames;
        for (const recovery of done.report.recoveries) recoveries.add(recoveryLine(recovery));
        globalThis.gc();
        await new Promise((resume) => setTimeout(resume, 50)); // finalizers
        globalThis.gc();
        readings.push([minute(), reading(done.live)]);
        first ??= await vramBytes(device);
      }
      const last = await vramBytes(device);
      const { slope, wrong } = judge(readings, minutes);
      const seen = readings.map(([, now]) => now);
      set('churn', {
        minutes: minute(),
        runs: readings.length,
        frames,
        alive: Math.max(...seen.map(({ live }) => live)),
        threads: [seen[0].threads, seen.at(-1).threads],
        descriptors: [seen[0].descriptors, seen.at(-1).descriptors],
        rssMegabytes: [seen[0].rssMegabytes, seen.at(-1).rssMegabytes],
        rssMegabytesPerMinute: slope ?? null,
        vramBytes: [first, last],
        grew: slope === undefined ? [] : wrong,
        recoveries: [...recoveries],
      });
      // Less than a minute shows no slow growth; a churn that was asked for by itself does.
      if (churnMinutes && wrong.length) throw new Error(wrong.join('; '));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
