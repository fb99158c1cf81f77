// The clips of the suite: real faces from the photos of the npm package @vladmandic/face-api, zoomed, panned and
// cross-faded, a moving inset, sensor noise; x264 medium, 2 s between keyframes. Rendered once into the user's cache.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../scripts/steps/packages.mjs';
import { hasProgram, progress, root, run, StepError } from '../scripts/steps/shell.mjs';

const fps = 30;

/** Camera moves over a photo: [zoom, x, y] as zoompan expressions of `on`, the frame's number. */
const moves = [
  ['1.0+0.004*on', '(iw-iw/zoom)*on/150', '(ih-ih/zoom)/3'],
  ['1.6-0.004*on', '(iw-iw/zoom)*(1-on/150)', '(ih-ih/zoom)/4'],
  ['1.1+0.003*on', '(iw-iw/zoom)/2+80*sin(on/20)', '(ih-ih/zoom)/4+40*cos(on/15)'],
  ['1.05', '(iw-iw/zoom)*on/150', '(ih-ih/zoom)/6'],
  ['1.3+0.002*on', '(iw-iw/zoom)/2', '(ih-ih/zoom)*(0.5-on/400)'],
];

/** Name -> seconds, the photos in their order, and the sizes it is encoded in. */
const recipes = {
  faces: { seconds: 20, photos: [3, 5, 6, 4, 1], sizes: { faces1080: 1080, faces720: 720 } },
  left: { seconds: 6, photos: [6, 3, 5], sizes: { left1080: 1080 } },
  right: { seconds: 6, photos: [1, 5, 3], sizes: { right1080: 1080 } },
};

function photoFolder() {
  try {
    const require = createRequire(join(root, 'package.json'));
    return join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');
  } catch {
    throw new StepError(
      'The clips are rendered from the photos of @vladmandic/face-api: npm install --no-save @vladmandic/face-api@1.7.15',
    );
  }
}

function filterGraph({ seconds, photos, sizes }) {
  const graph = photos.map((_, i) => {
    const [zoom, x, y] = moves[i];
    return (
      `[${i}:v]scale=2880:-2:flags=bicubic,crop=2880:1620:0:(ih-1620)*0.15,` +
      `zoompan=z='${zoom}':x='${x}':y='${y}':d=150:s=1920x1080:fps=${fps},format=yuv420p,setsar=1[v${i}]`
    );
  });
  let last = 'v0';
  for (let i = 1; i < photos.length; i++) {
    const transition = i === 3 ? 'slideleft' : 'fade';
    graph.push(`[${last}][v${i}]xfade=transition=${transition}:duration=0.75:offset=${4.25 * i}[x${i}]`);
    last = `x${i}`;
  }
  const inset = photos.length;
  graph.push(
    `[${inset}:v]scale=720:-2,crop=460:300:180:60,loop=loop=-1:size=1,fps=${fps},format=yuv420p,setsar=1[inset]`,
    `[${last}][inset]overlay=x='(W-w)*(0.5+0.45*sin(t*1.1))':y='(H-h)*(0.5+0.45*cos(t*0.83))':shortest=1,` +
      `noise=c0s=5:c0f=t+u:all_seed=${photos[0]},trim=duration=${seconds},format=yuv420p,` +
      `split=${Object.keys(sizes).length}${Object.keys(sizes)
        .map((name) => `[whole_${name}]`)
        .join('')}`,
  );
  for (const [name, height] of Object.entries(sizes))
    graph.push(`[whole_${name}]scale=-2:${height}:flags=bicubic[${name}]`);
  return graph.join(';');
}

function render(recipe, folder) {
  const photos = photoFolder();
  const inputs = recipe.photos.flatMap((n) => ['-i', join(photos, `sample${n}.jpg`)]);
  inputs.push('-loop', '1', '-framerate', String(fps), '-i', join(photos, 'sample6.jpg'));
  const outputs = Object.entries(recipe.sizes).flatMap(([name, height]) => {
    const kbits = Math.round(6000 * (height / 1080) ** 2 * 1.15);
    const rate = ['-b:v', `${kbits}k`, '-maxrate', `${1.5 * kbits}k`, '-bufsize', `${2 * kbits}k`];
    const color = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'];
    const encoder = ['-c:v', 'libx264', '-preset', 'medium', ...rate, '-g', String(2 * fps), '-bf', '2'];
    const file = ['-t', String(recipe.seconds), '-movflags', '+faststart', '-f', 'mp4', join(folder, `${name}.part`)];
    return ['-map', `[${name}]`, '-r', String(fps), ...encoder, ...color, ...file];
  });
  run('ffmpeg', ['-v', 'error', '-y', ...inputs, '-filter_complex', filterGraph(recipe), ...outputs]);
  for (const name of Object.keys(recipe.sizes)) renameSync(join(folder, `${name}.part`), join(folder, `${name}.mp4`));
}

/** What pipeline B encodes: the two clips side by side, hardly compressed. */
function renderMosaic({ left1080, right1080, mosaic1080 }) {
  const halves = '[0:v]scale=960:1080:flags=area[l];[1:v]scale=960:1080:flags=area[r];[l][r]hstack';
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-qp', '10', '-color_range', 'tv', '-f', 'mp4'];
  const part = `${mosaic1080}.part`;
  run('ffmpeg', ['-v', 'error', '-y', '-i', left1080, '-i', right1080, '-filter_complex', halves, ...encoder, part]);
  renameSync(part, mosaic1080);
}

/** Paths of the clips by name, rendered where they are missing (about a minute, once). */
export function renderClips() {
  const commands = Object.values(recipes).map(filterGraph);
  const recipe = createHash('sha256')
    .update(JSON.stringify([recipes, commands]))
    .digest('hex');
  const folder = join(cacheFolder, `bench-clips-${recipe.slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  const clips = {};
  for (const [title, recipe] of Object.entries(recipes)) {
    const names = Object.keys(recipe.sizes);
    for (const name of names) clips[name] = join(folder, `${name}.mp4`);
    if (names.every((name) => existsSync(clips[name]))) continue;
    if (!hasProgram('ffmpeg'))
      throw new StepError('The clips are rendered by the ffmpeg program: apt-get install ffmpeg');
    progress(`rendering the clip "${title}" (${recipe.seconds} s), once, into ${folder}`);
    render(recipe, folder);
  }
  clips.mosaic1080 = join(folder, 'mosaic1080.mp4');
  if (!existsSync(clips.mosaic1080)) renderMosaic(clips);
  return clips;
}
