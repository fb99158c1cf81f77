// Pipeline B with node-av: two clips, faces of every frame, side by side through a filter graph, boxes drawn into the
// picture from JavaScript, x264 into a file.   node node-av-split.mjs JOB

import { Encoder, FilterComplexAPI, Muxer } from 'node-av/api';
import { FF_ENCODER_LIBX264 } from 'node-av/constants';
import { runtimeVersion } from './infer.mjs';
import { report, Window, writeDetections } from './measure.mjs';
import { nodeAvVersions, openSource } from './node-av-source.mjs';
import { openPool } from './pool.mjs';
import { prefetch } from './prefetch.mjs';

const canvas = { width: 1920, height: 1080 };
const tile = { width: canvas.width / 2, height: canvas.height };
const labels = ['left', 'right'];
const lineWidth = 4;
const bright = 235; // luma

const job = JSON.parse(process.argv[2]);
const sources = await Promise.all(job.clips.map((clip) => openSource(clip, job.threads ?? 1)));
const pool = await openPool({ model: job.model, boxes: sources.map(({ box }) => box) });
const fit = `scale=${tile.width}:${tile.height}:flags=area`;
const graph = FilterComplexAPI.create(`[left]${fit}[l];[right]${fit}[r];[l][r]hstack,setsar=1[out]`, {
  inputs: labels.map((label) => ({ label })),
  outputs: [{ label: 'out' }],
});
const encoder = await Encoder.create(FF_ENCODER_LIBX264, {
  options: { preset: 'veryfast', crf: '21' },
  gopSize: 60,
  filter: graph,
  context: { framerate: { num: 30, den: 1 } },
});
const file = await Muxer.open(job.out);
const track = file.addStream(encoder, { inputStream: sources[0].stream });

const window = new Window();
const results = [];

/** Frames of a source, the search for faces under way. */
async function* analysed(source, index) {
  for await (const frame of source.frames()) {
    await pool.hasRoom();
    const found = pool.detect(await source.shrink(frame), index);
    results.push(found);
    found.then(() => window.result());
    yield { frame, found };
  }
}

/** What the graph has ready. */
async function* composed() {
  for (;;) {
    const picture = await graph.receive('out');
    if (!picture || typeof picture !== 'object') return; // it wants more, or has ended
    yield picture;
  }
}

/** Canvases in order, with what was found in their two frames. */
async function* canvases() {
  const pairs = [];
  const [left, right] = sources.map((source, i) => prefetch(analysed(source, i), 4));
  for (;;) {
    const next = await Promise.all([left.next(), right.next()]);
    if (next.some(({ done }) => done)) break;
    const pair = next.map(({ value }) => value);
    pairs.push(pair.map(({ found }) => found));
    for (const [i, { frame }] of pair.entries()) {
      await graph.process(labels[i], frame);
      frame.free();
    }
    for await (const picture of composed()) yield { picture, found: pairs.shift() };
  }
  await graph.flush();
  for await (const picture of composed()) yield { picture, found: pairs.shift() };
}

const within = (value, low, high) => Math.max(low, Math.min(high, Math.round(value)));

/** The outline of a box of source `i`, straight into the luma plane. */
function draw(luma, pitch, [x1, y1, x2, y2], i) {
  const { width, height } = sources[i];
  const left = tile.width * i;
  const right = left + tile.width - lineWidth;
  const bottom = tile.height - lineWidth;
  const [fromX, toX] = [x1, x2].map((x) => within(left + (x * tile.width) / width, left, right));
  const [fromY, toY] = [y1, y2].map((y) => within((y * tile.height) / height, 0, bottom));
  for (const y of [fromY, toY]) {
    for (let row = y; row < y + lineWidth; row++) luma.fill(bright, row * pitch + fromX, row * pitch + toX + lineWidth);
  }
  for (let row = fromY; row < toY; row++) {
    for (const x of [fromX, toX]) luma.fill(bright, row * pitch + x, row * pitch + x + lineWidth);
  }
}

async function writePackets() {
  for (;;) {
    const packet = await encoder.receive();
    if (!packet || typeof packet !== 'object') return;
    await file.writePacket(packet, track);
    packet.free();
  }
}

const frames = [];
let written = 0;
for await (const { picture, found } of prefetch(canvases(), 2)) {
  const boxes = await Promise.all(found);
  const [luma] = picture.data;
  boxes.forEach((of, i) => of.forEach((box) => draw(luma, picture.linesize[0], box, i)));
  frames.push(...boxes);
  await encoder.encode(picture);
  picture.free();
  await writePackets();
  written++;
}
await encoder.flush();
await writePackets();
await file.close();
const measured = window.close();

writeDetections(job.detections, frames);
await Promise.all([pool.close(), ...sources.map((source) => source.close())]);
report(job, { frames: written, ...measured }, { ...nodeAvVersions, onnxruntime: runtimeVersion });
