// What a program around BlazeFace has to do itself: where the picture goes in the square input, and boxes out of the
// raw outputs. The same steps as framepath's head, so that every contender does equal work and boxes can be compared.

import { intersectionOverUnion } from '../agreement.mjs';

export const side = 256;
const scoreThreshold = 0.5;
const iouThreshold = 0.3;
const valuesPerAnchor = 16; // centre x, y, width, height, then six keypoints

/** Outputs of the published model, by grid: 16x16 cells of two anchors, 8x8 cells of six. */
const grids = [
  { cells: 16, perCell: 2, scores: 'Identity:0', boxes: 'Identity_2:0' },
  { cells: 8, perCell: 6, scores: 'Identity_1:0', boxes: 'Identity_3:0' },
];

/** Size and place of a picture in the input (centred, sides kept in proportion), and the way back to its pixels. */
export function letterbox(width, height) {
  const scale = Math.min(side / width, side / height);
  const toWidth = Math.round(width * scale);
  const toHeight = Math.round(height * scale);
  const x = Math.trunc((side - toWidth) / 2);
  const y = Math.trunc((side - toHeight) / 2);
  return { width: toWidth, height: toHeight, x, y, scaleX: width / toWidth, scaleY: height / toHeight };
}

/** The input tensor's values, black: [-1, 1] means dark to bright. */
export const blackInput = () => new Float32Array(side * side * 3).fill(-1);

/** Writes RGB bytes into the input from element `at` on. */
export function normalise(input, bytes, at) {
  for (let i = 0; i < bytes.length; i++) input[at + i] = bytes[i] * (1 / 127.5) - 1;
}

/** [x1, y1, x2, y2, score] in input pixels of every anchor above the threshold, best first. */
function candidates(outputs) {
  const found = [];
  const logit = Math.log(scoreThreshold / (1 - scoreThreshold));
  for (const { cells, perCell, scores, boxes } of grids) {
    const logits = outputs[scores].data;
    const values = outputs[boxes].data;
    for (let anchor = 0; anchor < logits.length; anchor++) {
      if (logits[anchor] < logit) continue;
      const cell = Math.trunc(anchor / perCell);
      const v = anchor * valuesPerAnchor;
      const x = (((cell % cells) + 0.5) / cells) * side + values[v];
      const y = ((Math.trunc(cell / cells) + 0.5) / cells) * side + values[v + 1];
      const [halfWidth, halfHeight] = [values[v + 2] / 2, values[v + 3] / 2];
      found.push([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, 1 / (1 + Math.exp(-logits[anchor]))]);
    }
  }
  return found.sort((a, b) => b[4] - a[4]);
}

/** Groups of overlapping boxes become their mean weighted by score (arXiv 1907.05047, weighted NMS). */
function merge(found) {
  const merged = [];
  const taken = new Uint8Array(found.length);
  found.forEach((best, i) => {
    if (taken[i]) return;
    const sum = [0, 0, 0, 0];
    let weight = 0;
    for (let j = i; j < found.length; j++) {
      const box = found[j];
      if (taken[j] || (j !== i && !(intersectionOverUnion(best, box) > iouThreshold))) continue;
      taken[j] = 1;
      weight += box[4];
      for (let k = 0; k < 4; k++) sum[k] += box[k] * box[4];
    }
    merged.push([...sum.map((value) => value / weight), best[4]]);
  });
  return merged;
}

/** Detections [x1, y1, x2, y2, score] in the picture's pixels, from the model's outputs by name. */
export function decode(outputs, { x, y, scaleX, scaleY }) {
  return merge(candidates(outputs)).map(([x1, y1, x2, y2, score]) => [
    (x1 - x) * scaleX,
    (y1 - y) * scaleY,
    (x2 - x) * scaleX,
    (y2 - y) * scaleY,
    score,
  ]);
}
