// Frames a second of parallel sources, decoded alone and with detection, and which codecs the GPU decodes.
import { trial } from './trials.mjs';

const clipSeconds = 60;
const clipFps = 30;

/**
 * Where sources are cut, so that a trial takes about `seconds`: long enough for NVML's readings, also on a machine that
 * is a hundred times slower than expected.
 * @param fps what the trial before reached
 */
export function cutMs({ sources, fps, seconds }) {
  const frames = (fps * seconds) / sources;
  return Math.round(Math.min(clipSeconds, Math.max(1, frames / clipFps)) * 1000);
}

async function measured({ device, clips, quick }, found, pipeline, counts) {
  let fps = quick ? 30 : 600;
  for (const sources of counts) {
    const name = `${sources} source${sources > 1 ? 's' : ''}, ${pipeline === 'A' ? 'decode and detect' : 'decode'}`;
    await found.attempt(name, async () => {
      const endMs = quick ? 1000 : cutMs({ sources, fps, seconds: 5 });
      const job = { pipeline, clips: Array(sources).fill(clips.long1080), settings: { device } };
      const row = await trial({ ...job, options: { video: { endMs } } });
      found.add('rows', { name, sources, detect: pipeline === 'A', ...row });
      fps = row.fps * 1.5; // more sources are faster, up to a point
    });
  }
}

export async function run(context, found) {
  const { device, clips, quick } = context;
  await measured(context, found, 'decode', quick ? [1, 2] : [1, 2, 4, 8, 16]);
  await measured(context, found, 'A', quick ? [2] : [1, 16]);
  // Which codecs a GPU decodes is a finding, not a failure: the small FFmpeg of a pack has no AV1 in software.
  for (const codec of ['hevc', 'hevc10', 'vp9', 'av1'])
    try {
      const job = { pipeline: 'decode', clips: [clips[codec]], settings: { device } };
      const { decodedOnGpu, frames, recoveries } = await trial(job);
      found.add('codecs', { codec, decodedOnGpu, frames, recoveries });
    } catch (error) {
      found.add('codecs', { codec, error: error.message });
    }
}
