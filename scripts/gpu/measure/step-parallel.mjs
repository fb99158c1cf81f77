// Four different sources at once through detection, tracks and identities.
import { trial } from './trials.mjs';

export async function run({ device, clips, quick }, { set, attempt }) {
  await attempt('4 sources', async () => {
    const of = [clips.long1080, clips.left1080, clips.right1080, clips.long720];
    const endMs = quick ? 1000 : 60_000;
    set('row', await trial({ pipeline: 'C', clips: of, settings: { device }, options: { video: { endMs } } }));
  });
}
