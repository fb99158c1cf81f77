// What the options that trade something give and cost: speed, detections and track ids against the defaults.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agreement, idsKept } from './agreement.mjs';
import { compete, median } from './runner.mjs';

const trialFile = fileURLToPath(new URL('trial.mjs', import.meta.url));

/** `options` as trial.mjs takes them. `detects`: detections of every frame can be compared. */
const choices = [
  { name: 'defaults', options: {} },
  { name: 'detect stride 2', options: { detect: { stride: 2 } }, detects: false },
  { name: 'detect stride 3', options: { detect: { stride: 3 } }, detects: false },
  { name: 'detect stride 5', options: { detect: { stride: 5 } }, detects: false },
  { name: 'skipLoopFilter nonref', options: { video: { skipLoopFilter: 'nonref' } } },
  { name: 'skipLoopFilter all', options: { video: { skipLoopFilter: 'all' } } },
];

const fpsOf = ({ frames, wallMs }) => (frames / wallMs) * 1000;
const cpuOf = ({ cpuMs, frames }) => cpuMs / frames;

/**
 * Decode, detect and track a clip with each choice: [{name, clip, fps, cpu, recall, idsKept, noisy}], ratios to the
 * defaults of the same clip (fps above 1 is faster, cpu below 1 takes less).
 */
export async function runOptions({ clips, rounds, say }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-options-'));
  try {
    const rows = [];
    for (const clip of ['faces1080', 'left1080', 'right1080']) {
      const contenders = choices.map(({ name, options }, i) => {
        const files = { detections: join(folder, `${i}.boxes`), tracks: join(folder, `${i}.tracks`) };
        const job = { pipeline: 'T', clips: [clips[clip]], options, ...files };
        return { name, files, command: { file: process.execPath, args: [trialFile, JSON.stringify(job)] } };
      });
      const results = await compete(contenders, { rounds, measure: cpuOf, say: (what) => say(`options: ${what}`) });
      const failed = contenders.find(({ name }) => results.get(name).skipped);
      if (failed) throw new Error(`${failed.name}: ${results.get(failed.name).skipped}`);
      const middle = (name, of) => median(results.get(name).trials.map(of));
      for (const [i, { name, detects = true }] of choices.entries()) {
        const { detections, tracks } = contenders[i].files;
        const reference = contenders[0].files;
        rows.push({
          name,
          clip,
          fps: middle(name, fpsOf) / middle('defaults', fpsOf),
          cpu: middle(name, cpuOf) / middle('defaults', cpuOf),
          recall: detects ? agreement(reference.detections, detections).recallOfOurs : null,
          idsKept: idsKept(reference.tracks, tracks),
          noisy: results.get(name).noisy,
        });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
