// The clips of the GPU suite: the bench's, longer, because a GPU is through a short one before NVML has looked once; one
// of each codec that NVDEC decodes; and one to send live.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { renderClips } from '../../bench/clips.mjs';
import { progress, run, StepError } from '../steps/shell.mjs';

/** Times the bench's 20 s are repeated. Repeated bytes take no room in a pack: xz looks back further than a clip is long. */
const repeats = 3;

/** Recipes by name: what it is made from, ffmpeg's options, and the file. */
const recipes = {
  long1080: { from: 'faces1080', loop: repeats, file: 'long1080.mp4', options: ['-c', 'copy'] },
  long720: { from: 'faces720', loop: repeats, file: 'long720.mp4', options: ['-c', 'copy'] },
  // No B-frames: a picture is complete when its bytes are there. FLV has the length of each packet.
  live: {
    from: 'faces1080',
    file: 'live.flv',
    options: ['-t', '12', '-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '3M', '-g', '30', '-bf', '0'],
  },
  hevc: {
    from: 'faces1080',
    file: 'hevc.mp4',
    options: ['-t', '3', '-c:v', 'libx265', '-preset', 'veryfast', '-b:v', '3M', '-x265-params', 'log-level=error'],
  },
  hevc10: {
    from: 'faces1080',
    file: 'hevc10.mp4',
    options: ['-t', '3', '-c:v', 'libx265', '-preset', 'veryfast', '-b:v', '3M', '-pix_fmt', 'yuv420p10le'].concat(
      '-x265-params',
      'log-level=error',
    ),
  },
  vp9: {
    from: 'faces1080',
    file: 'vp9.webm',
    options: ['-t', '2', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '3M'],
  },
  av1: { from: 'faces1080', file: 'av1.mp4', options: ['-t', '2', '-c:v', 'libsvtav1', '-preset', '12', '-b:v', '3M'] },
};

/** What of the bench's clips the suite takes as it is. */
const asTheyAre = ['left1080', 'right1080'];

/** Name -> file name, as a pack's folder of clips has them. */
export const clipFiles = {
  ...Object.fromEntries(Object.entries(recipes).map(([name, { file }]) => [name, file])),
  ...Object.fromEntries(asTheyAre.map((name) => [name, `${name}.mp4`])),
};

/** Paths by name of the clips in a folder of a pack. @throws StepError naming the first that is missing */
export function clipsIn(folder) {
  const clips = Object.fromEntries(Object.entries(clipFiles).map(([name, file]) => [name, join(folder, file)]));
  const missing = Object.values(clips).find((file) => !existsSync(file));
  if (missing) throw new StepError(`There is no clip ${missing}`);
  return clips;
}

/** Paths by name, rendered where they are missing (a minute, once). */
export function renderGpuClips() {
  const bench = renderClips();
  const folder = join(dirname(bench.faces1080), 'gpu');
  mkdirSync(folder, { recursive: true });
  const clips = Object.fromEntries(asTheyAre.map((name) => [name, bench[name]]));
  for (const [name, { from, loop = 1, file, options }] of Object.entries(recipes)) {
    clips[name] = join(folder, file);
    if (existsSync(clips[name])) continue;
    progress(`rendering ${file}, once, into ${folder}`);
    const part = join(folder, `part-${basename(file)}`);
    const repeat = loop > 1 ? ['-stream_loop', String(loop - 1)] : [];
    run('ffmpeg', ['-v', 'error', '-y', ...repeat, '-i', bench[from], '-an', ...options, part]);
    renameSync(part, clips[name]);
  }
  return clips;
}
