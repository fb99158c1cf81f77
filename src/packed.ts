/** Reads packed results (the layout is described at `ResultBlock` in native.ts). */
import { trackMarkNames } from './generated/enums.js';
import {
  boxClassesRow,
  classesHeader,
  classRow,
  detectionRow,
  detectionsHeader,
  resultKind as kind,
  moduleHeader,
  personRow,
  recordHeader,
  resultState,
  textRange,
  trackRow,
} from './generated/packed.js';
import type { Box, BoxClasses, Classification, Detection, Person, Tensor, Track } from './generated/results.js';
import type { ResultBlock } from './native.js';

export { kind, moduleHeader, recordHeader };

/** Offsets of the records of a block. */
export function* records({ packed }: ResultBlock): Generator<number> {
  for (let at = 0; at < packed.length; at += packed[at]!) {
    if (!(packed[at]! >= recordHeader.size)) throw new RangeError(`record of ${packed[at]} numbers at ${at}`);
    yield at;
  }
}

/** Offsets of the header of each module inside the record at `at`. */
export function moduleOffsets({ packed }: ResultBlock, at: number, modules: number): number[] {
  const offsets: number[] = [];
  for (let next = at + recordHeader.size, i = 0; i < modules; i++) {
    offsets.push(next);
    next += moduleHeader.size + payloadSize(packed, packed[next + moduleHeader.kind]!, next + moduleHeader.size);
  }
  return offsets;
}

/** Whether the module whose header is at `at` has a value. */
export const hasValue = ({ packed }: ResultBlock, at: number): boolean =>
  packed[at] === resultState.value || packed[at] === resultState.carried;

function payloadSize(packed: Float64Array, of: number, at: number): number {
  switch (of) {
    case kind.detections:
      return detectionParts(packed, at).end - at;
    case kind.tracks:
      return 1 + trackRow.size * packed[at]!;
    case kind.people:
      return 1 + personRow.size * packed[at]!;
    case kind.classes:
      return classesHeader.size + classRow.size * packed[at + classesHeader.rows]! * packed[at + classesHeader.perRow]!;
    case kind.tensors:
      return tensorsSize(packed, at);
    case kind.boxClasses:
      return boxClassesSize(packed, at);
    default:
      return 0;
  }
}

/** Where the parts of detections begin. */
function detectionParts(packed: Float64Array, at: number) {
  const n = packed[at + detectionsHeader.count]!;
  const k = packed[at + detectionsHeader.keypoints]!;
  const rows = at + detectionsHeader.size;
  const points = rows + detectionRow.size * n;
  const scores = points + 2 * n * k;
  const masks = scores + (packed[at + detectionsHeader.scored]! ? n * k : 0);
  const masked = packed[at + detectionsHeader.maskHeight]! > 0;
  return { rows, points, scores, masks, masked, end: masks + (masked ? textRange.size * n : 0) };
}

function boxClassesSize(packed: Float64Array, at: number): number {
  let next = at + 1;
  for (let i = 0; i < packed[at]!; i++)
    next += boxClassesRow.size + classRow.size * packed[next + boxClassesRow.count]!;
  return next - at;
}

function tensorsSize(packed: Float64Array, at: number): number {
  let next = at + 1;
  for (let i = 0; i < packed[at]!; i++) {
    const rank = packed[next]!;
    next += 1 + rank + packed.subarray(next + 1, next + 1 + rank).reduce((product, dim) => product * dim, 1);
  }
  return next - at;
}

/** The value of the native module whose header is at `at`; undefined when it returned no value. */
export function readValue(block: ResultBlock, at: number, labels: readonly string[] | undefined): unknown {
  const { packed } = block;
  const payload = at + moduleHeader.size;
  switch (packed[at + moduleHeader.kind]) {
    case kind.detections:
      return readDetections(block, payload, labels);
    case kind.tracks:
      return readTracks(packed, payload);
    case kind.people:
      return readPeople(packed, payload);
    case kind.classes:
      return readClasses(packed, payload, labels);
    case kind.tensors:
      return readTensors(packed, payload);
    case kind.boxClasses:
      return readBoxClasses(packed, payload, labels);
    default:
      return undefined;
  }
}

/** The four numbers from `at`. */
const readBox = (packed: Float64Array, at: number): Box => [
  packed[at]!,
  packed[at + 1]!,
  packed[at + 2]!,
  packed[at + 3]!,
];

function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

function readDetections({ packed, text }: ResultBlock, at: number, labels: readonly string[] | undefined): Detection[] {
  const n = packed[at + detectionsHeader.count]!;
  const k = packed[at + detectionsHeader.keypoints]!;
  const { rows, points, scores, masks, masked } = detectionParts(packed, at);
  const size: [number, number] = [packed[at + detectionsHeader.maskHeight]!, packed[at + detectionsHeader.maskWidth]!];
  return times(n, (i) => {
    const row = rows + detectionRow.size * i;
    const detection: Detection = {
      box: readBox(packed, row + detectionRow.x1),
      score: packed[row + detectionRow.score]!,
      class: packed[row + detectionRow.classIndex]!,
    };
    const label = labels?.[detection.class];
    if (label !== undefined) detection.label = label;
    const point = (j: number): [number, number] => [
      packed[points + 2 * (i * k + j)]!,
      packed[points + 2 * (i * k + j) + 1]!,
    ];
    if (k > 0) detection.keypoints = times(k, point);
    if (k > 0 && masks > scores) detection.keypointScores = times(k, (j) => packed[scores + i * k + j]!);
    if (masked) detection.mask = { size: [...size], counts: readText(packed, masks + textRange.size * i, text!) };
    return detection;
  });
}

function readText(packed: Float64Array, at: number, text: Uint8Array): string {
  const start = packed[at + textRange.start]!;
  return Buffer.from(text.buffer, text.byteOffset + start, packed[at + textRange.length]!).toString('latin1');
}

function readTracks(packed: Float64Array, at: number): Track[] {
  return times(packed[at]!, (i) => {
    const row = at + 1 + trackRow.size * i;
    const bits = packed[row + trackRow.marks]!;
    const track: Track = {
      track: packed[row + trackRow.track]!,
      box: readBox(packed, row + trackRow.x1),
      score: packed[row + trackRow.score]!,
      marks: trackMarkNames.filter((_, bit) => bits & (1 << bit)),
    };
    const detection = packed[row + trackRow.detection]!;
    if (detection >= 0) track.detection = detection;
    return track;
  });
}

function readPeople(packed: Float64Array, at: number): Person[] {
  return times(packed[at]!, (i) => {
    const row = at + 1 + personRow.size * i;
    const person: Person = {
      track: packed[row + personRow.track]!,
      box: readBox(packed, row + personRow.x1),
      score: packed[row + personRow.score]!,
    };
    const id = packed[row + personRow.id]!;
    const detection = packed[row + personRow.detection]!;
    if (id > 0) person.id = id;
    if (detection >= 0) person.detection = detection;
    return person;
  });
}

function readClasses(packed: Float64Array, at: number, labels: readonly string[] | undefined): Classification[] {
  const count = packed[at + classesHeader.rows]! * packed[at + classesHeader.perRow]!;
  return times(count, (i) => readClass(packed, at + classesHeader.size + classRow.size * i, labels));
}

function readClass(packed: Float64Array, at: number, labels: readonly string[] | undefined): Classification {
  const found: Classification = { class: packed[at + classRow.classIndex]!, score: packed[at + classRow.score]! };
  const label = labels?.[found.class];
  if (label !== undefined) found.label = label;
  return found;
}

function readBoxClasses(packed: Float64Array, at: number, labels: readonly string[] | undefined): BoxClasses[] {
  let next = at + 1;
  return times(packed[at]!, () => {
    const row = next;
    const first = row + boxClassesRow.size;
    const count = packed[row + boxClassesRow.count]!;
    next = first + classRow.size * count;
    const classes = times(count, (i) => readClass(packed, first + classRow.size * i, labels));
    const found: BoxClasses = { box: readBox(packed, row + boxClassesRow.x1), classes };
    const track = packed[row + boxClassesRow.track]!;
    if (track > 0) found.track = track;
    return found;
  });
}

function readTensors(packed: Float64Array, at: number): Tensor[] {
  let next = at + 1;
  return times(packed[at]!, () => {
    const rank = packed[next]!;
    const dims = Array.from(packed.subarray(next + 1, next + 1 + rank));
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = packed.slice(next + 1 + rank, next + 1 + rank + size);
    next += 1 + rank + size;
    return { dims, data };
  });
}
