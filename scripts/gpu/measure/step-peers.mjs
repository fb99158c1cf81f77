// The alternatives that the machine has: decode, resize and normalise with PyTorch on the CPU; and our own pipeline as it
// would be without residency: every picture to the host, and up again for the model.
import { fileURLToPath } from 'node:url';
import { output, ownTrial, trial } from './trials.mjs';

const torch = fileURLToPath(new URL('torch-peer.py', import.meta.url));

export async function run({ device, clips, quick }, { set, add, attempt }) {
  const seconds = quick ? 1 : 10;
  const clip = clips.long1080;
  await attempt('PyTorch', () => {
    // Python and its wheels find libraries of their own: ours stay out of their way.
    const env = { LD_LIBRARY_PATH: process.env.FRAMEPATH_HOST_LD_LIBRARY_PATH ?? process.env.LD_LIBRARY_PATH ?? '' };
    let text;
    try {
      text = output('python3', [torch, clip, String(seconds * 30)], { env, seconds: 50 });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      set('torch', { skipped: 'there is no python3' });
      return;
    }
    set('torch', JSON.parse(text.trimEnd().split('\n').at(-1)));
  });
  const job = { clips: [clip], settings: { device }, options: { video: { endMs: seconds * 1000 } } };
  for (const [name, measured] of [
    ['resident', () => trial({ pipeline: 'A', ...job })],
    ['by way of the host', () => ownTrial('naive-trial.mjs', { device, clip, endMs: seconds * 1000 })],
  ])
    await attempt(name, async () => {
      const { frames, fps, copies } = await measured();
      add('rows', { name, frames, fps, copies });
    });
}
