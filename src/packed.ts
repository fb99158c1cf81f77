/** Reads packed results (the layout is described at `ResultBlock` in native.ts). */
import { trackMarkNames } from './generated/enums.js';
import { resultKind as kind, resultState as state } from './generated/packed.js';
import type { Box, BoxClasses, Classification, Detection, Person, Tensor, Track } from './generated/results.js';

export { kind, state };

/** Words before the first module of a record. */
const headerWords = 8;

/** Where things are in the header of a record. */
export const field = { length: 0, taskId: 1, source: 2, seq: 3, index: 4, ptsUs: 5, width: 6, height: 7 } as const;

/** Offsets of the records of a block. */
export function* records(words: Float64Array): Generator<number> {
  for (let at = 0; at < words.length; at += words[at]!) {
    if (!(words[at]! >= headerWords)) throw new RangeError(`record of ${words[at]} words at ${at}`);
    yield at;
  }
}

/** Offsets of each module's state inside the record at `at`. */
export function moduleOffsets(words: Float64Array, at: number, modules: number): number[] {
  const offsets: number[] = [];
  for (let next = at + headerWords, i = 0; i < modules; i++) {
    offsets.push(next);
    next += 2 + payloadWords(words, next + 1);
  }
  return offsets;
}

function payloadWords(words: Float64Array, kindAt: number): number {
  const [a, b] = [words[kindAt + 1]!, words[kindAt + 2]!];
  switch (words[kindAt]) {
    case kind.detections:
      return detectionParts(words, kindAt + 1).end - kindAt - 1;
    case kind.tracks:
    case kind.people:
      return 1 + 8 * a;
    case kind.classes:
      return 2 + 2 * a * b;
    case kind.tensors:
      return tensorWords(words, kindAt + 1);
    case kind.boxClasses:
      return boxClassesWords(words, kindAt + 1);
    default:
      return 0;
  }
}

/** Where the parts of detections begin; `masks` are offsets of the length of each, none where there are no masks. */
function detectionParts(words: Float64Array, at: number) {
  const n = words[at]!;
  const k = words[at + 1]!;
  const rows = at + 5;
  const points = rows + 6 * n;
  const scores = points + 2 * n * k;
  let end = scores + (words[at + 2]! ? n * k : 0);
  const masks: number[] = [];
  for (let i = 0; words[at + 3]! > 0 && i < n; i++) {
    masks.push(end);
    end += 1 + Math.ceil(words[end]! / 8);
  }
  return { rows, points, scores, masks, end };
}

function boxClassesWords(words: Float64Array, at: number): number {
  let next = at + 1;
  for (let i = 0; i < words[at]!; i++) next += 6 + 2 * words[next + 5]!;
  return next - at;
}

function tensorWords(words: Float64Array, at: number): number {
  let next = at + 1;
  for (let i = 0; i < words[at]!; i++) {
    const rank = words[next]!;
    next += 1 + rank + words.subarray(next + 1, next + 1 + rank).reduce((product, dim) => product * dim, 1);
  }
  return next - at;
}

/** The value of the native module whose state is at `at`; undefined when it returned no value. */
export function readValue(words: Float64Array, at: number, labels: readonly string[] | undefined): unknown {
  if (words[at] === state.nothing) return undefined;
  const payload = at + 2;
  switch (words[at + 1]) {
    case kind.detections:
      return readDetections(words, payload, labels);
    case kind.tracks:
      return readTracks(words, payload);
    case kind.people:
      return readPeople(words, payload);
    case kind.classes:
      return readClasses(words, payload, labels);
    case kind.tensors:
      return readTensors(words, payload);
    case kind.boxClasses:
      return readBoxClasses(words, payload, labels);
    default:
      return undefined;
  }
}

function readBox(words: Float64Array, at: number): Box {
  return [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
}

function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

function readDetections(words: Float64Array, at: number, labels: readonly string[] | undefined): Detection[] {
  const [n, k, scored] = [words[at]!, words[at + 1]!, words[at + 2]!];
  const { rows, points, scores, masks } = detectionParts(words, at);
  return times(n, (i) => {
    const row = rows + 6 * i;
    const detection: Detection = { box: readBox(words, row), score: words[row + 4]!, class: words[row + 5]! };
    const label = labels?.[detection.class];
    if (label !== undefined) detection.label = label;
    const point = (j: number): [number, number] => [
      words[points + 2 * (i * k + j)]!,
      words[points + 2 * (i * k + j) + 1]!,
    ];
    if (k > 0) detection.keypoints = times(k, point);
    if (k > 0 && scored) detection.keypointScores = times(k, (j) => words[scores + i * k + j]!);
    if (masks[i] !== undefined)
      detection.mask = { size: [words[at + 3]!, words[at + 4]!], counts: readText(words, masks[i]!) };
    return detection;
  });
}

/** A length, then eight characters a word. */
function readText(words: Float64Array, at: number): string {
  return Buffer.from(words.buffer, words.byteOffset + 8 * (at + 1), words[at]).toString('latin1');
}

function readTracks(words: Float64Array, at: number): Track[] {
  return times(words[at]!, (i) => {
    const row = at + 1 + 8 * i;
    const bits = words[row + 7]!;
    const track: Track = {
      track: words[row]!,
      box: readBox(words, row + 2),
      score: words[row + 6]!,
      marks: trackMarkNames.filter((_, bit) => bits & (1 << bit)),
    };
    if (words[row + 1]! >= 0) track.detection = words[row + 1]!;
    return track;
  });
}

function readPeople(words: Float64Array, at: number): Person[] {
  return times(words[at]!, (i) => {
    const row = at + 1 + 8 * i;
    const [track, id, detection] = [words[row]!, words[row + 1]!, words[row + 2]!];
    const person: Person = { track, box: readBox(words, row + 3), score: words[row + 7]! };
    if (id > 0) person.id = id;
    if (detection >= 0) person.detection = detection;
    return person;
  });
}

function readClasses(words: Float64Array, at: number, labels: readonly string[] | undefined): Classification[] {
  return times(words[at]! * words[at + 1]!, (i) => readClass(words, at + 2 + 2 * i, labels));
}

function readClass(words: Float64Array, at: number, labels: readonly string[] | undefined): Classification {
  const found: Classification = { class: words[at]!, score: words[at + 1]! };
  const label = labels?.[found.class];
  if (label !== undefined) found.label = label;
  return found;
}

function readBoxClasses(words: Float64Array, at: number, labels: readonly string[] | undefined): BoxClasses[] {
  let next = at + 1;
  return times(words[at]!, () => {
    const [row, count] = [next, words[next + 5]!];
    next += 6 + 2 * count;
    const classes = times(count, (i) => readClass(words, row + 6 + 2 * i, labels));
    const found: BoxClasses = { box: readBox(words, row + 1), classes };
    if (words[row]! > 0) found.track = words[row]!;
    return found;
  });
}

function readTensors(words: Float64Array, at: number): Tensor[] {
  let next = at + 1;
  return times(words[at]!, () => {
    const rank = words[next]!;
    const dims = Array.from(words.subarray(next + 1, next + 1 + rank));
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = words.slice(next + 1 + rank, next + 1 + rank + size);
    next += 1 + rank + size;
    return { dims, data };
  });
}
