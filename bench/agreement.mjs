// Agreement of the boxes of two contenders: detections files of a trial, a line for every frame.
import { readFileSync } from 'node:fs';

const enough = 0.5; // IoU

/** Frames of boxes [x1, y1, x2, y2, score]. */
function readDetections(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The frames of two files of equal length. */
function readBoth(oneFile, otherFile) {
  const [one, other] = [readDetections(oneFile), readDetections(otherFile)];
  if (one.length !== other.length)
    throw new Error(`cannot compare ${one.length} frames (${oneFile}) with ${other.length} (${otherFile})`);
  return [one, other];
}

/** Intersection over union of two boxes [x1, y1, x2, y2, ...]. */
export function intersectionOverUnion(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}

/** Pairs of boxes, one to one: the best scored box first takes the free box that it overlaps most. */
function pairs(ours, theirs) {
  const free = new Set(theirs);
  const found = [];
  for (const box of ours.toSorted((a, b) => b[4] - a[4])) {
    let best;
    let overlap = enough;
    for (const other of free) {
      const iou = intersectionOverUnion(box, other);
      if (iou < overlap || (best && iou === overlap)) continue;
      [best, overlap] = [other, iou];
    }
    if (free.delete(best)) found.push([box, best]);
  }
  return found;
}

/**
 * The share of our boxes that they found, of their boxes that we found (1 without boxes), and their boxes per frame.
 */
export function agreement(oursFile, theirsFile) {
  const [ours, theirs] = readBoth(oursFile, theirsFile);
  if (ours.length === 0) throw new Error(`${oursFile} has no frames`);
  const count = (frames) => frames.reduce((sum, boxes) => sum + boxes.length, 0);
  const matched = ours.reduce((sum, boxes, i) => sum + pairs(boxes, theirs[i]).length, 0);
  const share = (all) => (all === 0 ? 1 : matched / all);
  return {
    recallOfOurs: share(count(ours)),
    recallOfTheirs: share(count(theirs)),
    detectionsPerFrame: count(theirs) / theirs.length,
  };
}

/**
 * The share of the boxes of `reference` ([x1, y1, x2, y2, score, track] in each frame) that `other` also has, with a one-to-one
 * assignment of tracks.
 */
export function idsKept(referenceFile, otherFile) {
  const [reference, other] = readBoth(referenceFile, otherFile);
  const together = new Map();
  for (const [i, boxes] of reference.entries())
    for (const [ours, theirs] of pairs(boxes, other[i])) {
      const key = `${ours[5]} ${theirs[5]}`;
      together.set(key, { ours: ours[5], theirs: theirs[5], frames: (together.get(key)?.frames ?? 0) + 1 });
    }
  const [known, taken] = [new Set(), new Set()];
  let kept = 0;
  for (const { ours, theirs, frames } of [...together.values()].sort((a, b) => b.frames - a.frames)) {
    if (known.has(ours) || taken.has(theirs)) continue;
    known.add(ours);
    taken.add(theirs);
    kept += frames;
  }
  const rows = reference.reduce((sum, boxes) => sum + boxes.length, 0);
  if (rows === 0) throw new Error(`${referenceFile} has no tracks`);
  return kept / rows;
}
