// Two sample clips as from two cameras: people cut from photos move, cross, leave and come back over a soft background,
// with audio. One of them walks out of the left picture into the right one and back.
//
//   node scripts/samples.mjs [FOLDER]     (default demo/)
//
// Each second starts with a beep and a lit square in the corner (the right clip's half a second later), so that the
// audio can be checked against the picture.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { main, progress, root, runLoud, StepError } from './steps/shell.mjs';

const photos = join(root, 'node_modules/@vladmandic/face-api/demo');
const width = 1280;
const height = 720;
const seconds = 14;

/** Where a face is in a photo: its centre and width in photo pixels. */
const people = {
  ann: { photo: 'sample3.jpg', x: 691, y: 485, face: 207 },
  bea: { photo: 'sample6.jpg', x: 776, y: 492, face: 242 },
  cleo: { photo: 'sample5.jpg', x: 1524, y: 545, face: 210 },
  dora: { photo: 'sample3.jpg', x: 1189, y: 382, face: 249 },
  eve: { photo: 'sample6.jpg', x: 1587, y: 434, face: 251 },
};

/** Stops on a person's way: [second, x, y, face width], of the face's centre in the clip. Later people are in front. */
const clips = {
  left: {
    fps: 25,
    background: { photo: 'sample6.jpg', warmth: 0.02 },
    audio: { hum: 196, beep: 880, beepAt: 0 },
    ways: {
      // at the back, from the left edge to the middle
      cleo: [
        [0, -200, 300, 120],
        [6.5, -200, 300, 120],
        [9, 330, 300, 120],
        [11, 420, 290, 125],
        [14, 360, 300, 125],
      ],
      // behind Ann to the left, then out to the right; later back
      bea: [
        [0, 990, 350, 165],
        [2, 900, 340, 165],
        [5, 300, 350, 170],
        [7.2, 1500, 350, 165],
        [10.2, 1500, 350, 165],
        [12, 960, 345, 170],
        [14, 900, 350, 170],
      ],
      ann: [
        [0, 300, 370, 185],
        [2, 380, 360, 185],
        [5, 860, 370, 195],
        [8, 700, 360, 190],
        [11, 620, 365, 190],
        [14, 560, 360, 190],
      ],
    },
  },
  right: {
    fps: 30,
    background: { photo: 'sample3.jpg', warmth: -0.02 },
    audio: { hum: 147, beep: 1320, beepAt: 0.5 },
    ways: {
      // Bea, while she is out of the left picture
      bea: [
        [0, -220, 330, 150],
        [7.4, -220, 330, 150],
        [8.8, 240, 335, 155],
        [9.4, 240, 335, 155],
        [10.6, -220, 330, 150],
        [14, -220, 330, 150],
      ],
      eve: [
        [0, 980, 340, 160],
        [3, 900, 335, 160],
        [6, 420, 345, 165],
        [8, 1500, 340, 165],
        [10.5, 1500, 340, 165],
        [12.3, 940, 340, 165],
        [14, 900, 345, 165],
      ],
      dora: [
        [0, 420, 365, 190],
        [3, 520, 360, 190],
        [6, 840, 370, 195],
        [9, 740, 360, 190],
        [14, 660, 365, 190],
      ],
    },
  },
};

/** The stops of one coordinate as an ffmpeg expression of t, easing in and out of every stop. */
function way(stops, coordinate) {
  let expression = String(stops.at(-1)[coordinate]);
  for (let i = stops.length - 2; i >= 0; i--) {
    const [from, to] = [stops[i], stops[i + 1]];
    const u = `((t-${from[0]})/${to[0] - from[0]})`;
    const move = to[coordinate] - from[coordinate];
    const value = move === 0 ? from[coordinate] : `${from[coordinate]}+${move}*${u}*${u}*(3-2*${u})`;
    expression = `if(lt(t,${to[0]}),${value},${expression})`;
  }
  return expression;
}

/** Head and shoulders in an ellipse with a soft edge, as a stream that walks its way over `below`. */
function person([name, stops], input, index, fps, below) {
  const { x, y, face } = people[name];
  const largest = Math.max(...stops.map((stop) => stop[3]));
  const patch = { w: 1.9 * face, h: 2.5 * face, above: 1.05 * face }; // of the photo; above: from its top to the face
  const scale = largest / face;
  const w = 2 * Math.round((patch.w * scale) / 2);
  const h = 2 * Math.round((patch.h * scale) / 2);
  const mask = `clip((1-(pow(abs(2*X/W-1),2.4)+pow(abs(2*Y/H-1),2.8)))*6,0,1)*255`;
  const sway = `0.05*sin(2*PI*(t/3.1+${index / 3}))`;
  const size = `(${way(stops, 3)})/${largest}`;
  const bob = `3*sin(2*PI*(t/1.7+${index / 4}))`;
  const photo = [
    `[${input}:v]crop=${Math.round(patch.w)}:${Math.round(patch.h)}:${Math.round(x - patch.w / 2)}:${Math.round(y - patch.above)}`,
    `scale=${w}:${h}:flags=area,format=rgba`,
    `geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='${mask}'`,
    `loop=-1:1,setpts=N/(${fps}*TB),fps=${fps}`,
    `rotate=a='${sway}':c=none:ow='hypot(iw,ih)':oh='ow'`,
    `scale=w='2*trunc(iw*${size}/2)':h='2*trunc(ih*${size}/2)':eval=frame:flags=bilinear[person${index}]`,
  ].join(',');
  // the face is off the patch's centre by this much
  const lift = `${(patch.above - patch.h / 2) * scale}*${size}`;
  const place = `overlay=x='${way(stops, 1)}-w/2':y='${way(stops, 2)}-h/2-${lift}+${bob}':eval=frame:shortest=0`;
  return [`${photo}`, `[${below}][person${index}]${place}[scene${index + 1}]`];
}

function filterGraph({ fps, background, audio, ways }) {
  const { warmth } = background;
  const graph = [
    // An out-of-focus room that drifts as a hand-held camera would.
    `[0:v]scale=1480:-2:flags=area,gblur=sigma=64,eq=contrast=0.8:saturation=0.8:brightness=-0.06,colorbalance=rm=${warmth}:bm=${-warmth},` +
      `loop=-1:1,setpts=N/(${fps}*TB),fps=${fps},` +
      `crop=${width}:${height}:x='100+70*sin(2*PI*t/11)':y='120+30*sin(2*PI*t/7)',trim=duration=${seconds}[scene0]`,
  ];
  Object.entries(ways).forEach((entry, index) => {
    graph.push(...person(entry, index + 1, index, fps, `scene${index}`));
  });
  const lit = `lt(mod(t+1-${audio.beepAt},1),0.08)`;
  graph.push(
    `[scene${Object.keys(ways).length}]trim=duration=${seconds},drawbox=x=${width - 60}:y=20:w=40:h=40:color=white:t=fill:enable='${lit}',` +
      `setsar=1,format=yuv420p,noise=alls=3:allf=t:all_seed=${audio.hum}[picture]`,
  );
  const tone = `0.04*sin(2*PI*${audio.hum}*t)+0.4*sin(2*PI*${audio.beep}*t)*${lit}`;
  graph.push(`aevalsrc='${tone}|${tone}':s=48000:d=${seconds}[audio]`);
  return graph.join(';\n');
}

async function render(name, folder) {
  const clip = clips[name];
  const inputs = [clip.background.photo, ...Object.keys(clip.ways).map((who) => people[who].photo)];
  const args = ['-v', 'error', '-y', ...inputs.flatMap((photo) => ['-i', join(photos, photo)])];
  args.push('-filter_complex', filterGraph(clip), '-map', '[picture]', '-map', '[audio]');
  args.push(
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '20',
    '-threads',
    '2',
    '-r',
    String(clip.fps),
    '-g',
    String(clip.fps * 2),
  );
  args.push('-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv');
  args.push('-c:a', 'aac', '-b:a', '128k', '-fflags', '+bitexact', '-movflags', '+faststart', '-t', String(seconds));
  const file = join(folder, `${name}.mp4`);
  progress(`rendering ${name}.mp4 (${width}x${height}, ${clip.fps} fps, ${seconds} s)`);
  if ((await runLoud('ffmpeg', [...args, '-f', 'mp4', `${file}.part`])) !== 0)
    throw new StepError(`ffmpeg could not render ${file}`);
  return file;
}

/** Renders the clips into `folder` unless they are there; resolves with their paths. */
export async function renderSamples(folder) {
  const recipe = createHash('sha256')
    .update(readFileSync(new URL(import.meta.url)))
    .digest('hex');
  const stamp = join(folder, '.samples');
  const files = Object.keys(clips).map((name) => join(folder, `${name}.mp4`));
  if (files.every((file) => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe)
    return files;
  mkdirSync(folder, { recursive: true });
  const rendered = await Promise.all(Object.keys(clips).map((name) => render(name, folder)));
  for (const file of rendered) renameSync(`${file}.part`, file);
  writeFileSync(stamp, recipe);
  return files;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const files = await renderSamples(resolve(process.argv[2] ?? join(root, 'demo')));
    progress(files.join(' '));
  });
}
