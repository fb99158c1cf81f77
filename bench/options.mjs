// Trade-offs of options: speed, detections and track ids against the defaults.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agreement, idsKept } from './agreement.mjs';
import { compete, jobOf, median } from './runner.mjs';

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
 * Decode, detect and track a clip with each choice: [{name, fps, cpu, recall, idsKept, noisy}], ratios to the defaults
 * (fps above 1 is faster, cpu below 1 takes less).
 */
export async function runOptions({ clip, rounds, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-options-'));
  try {
    const contenders = choices.map(({ name, options, detects = true }, i) => {
      const files = { detections: join(folder, `${i}.boxes`), tracks: join(folder, `${i}.tracks`) };
      const job = { pipeline: 'T', clips: [clip], options, ...files };
      return { name, detects, files, command: jobOf('trial.mjs', job) };
    });
    const results = await compete(contenders, { rounds, measure: cpuOf, log: (what) => log(`options: ${what}`) });
    const [reference] = contenders;
    const without = results.get(reference.name);
    if (without.skipped) throw new Error(`${reference.name}: ${without.skipped}`);
    const middle = ({ trials }, of) => median(trials.map(of));
    return contenders.map(({ name, detects, files }) => {
      const result = results.get(name);
      if (result.skipped) return { name, skipped: result.skipped };
      return {
        name,
        fps: middle(result, fpsOf) / middle(without, fpsOf),
        cpu: middle(result, cpuOf) / middle(without, cpuOf),
        recall: detects ? agreement(reference.files.detections, files.detections).recallOfOurs : null,
        idsKept: idsKept(reference.files.tracks, files.tracks),
        noisy: result.noisy,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
