/** Packs results as the native side does (see `ResultBlock` in src/native.ts). */

export type Said = number[] | null;

/** state and payload of one module */
export const nothing: Said = null;

/** n detections, all in one place, moving with the frame. */
export function detections(n: number, at = 0, keypoints = 2): Said {
  const rows = Array.from({ length: n }, (_, i) => [at + i * 10, 5, at + i * 10 + 8, 13, 0.9 - i / 100, 0]);
  const points = Array.from({ length: n * keypoints }, (_, i) => [at + i, i + 0.5]);
  return [1, 1, n, keypoints, 0, 0, 0, ...rows.flat(), ...points.flat()];
}

/** Two masked detections with scored keypoints. */
export function masked(size: [height: number, width: number], masks: [string, string]): Said {
  const rows = [0, 1].flatMap((i) => [i, i, i + 9, i + 9, 0.5, i]);
  const text = (characters: string) => {
    const bytes = new Uint8Array(Math.ceil(characters.length / 8) * 8);
    bytes.set(Buffer.from(characters, 'latin1'));
    return [characters.length, ...new Float64Array(bytes.buffer)];
  };
  return [1, 1, 2, 1, 1, ...size, ...rows, 1, 2, 3, 4, 0.25, 0.75, ...masks.flatMap(text)];
}

/** Boxes with the classes of each: track (0: none), then pairs of class and score. */
export const boxClasses = (...items: [track: number, ...pairs: [number, number][]][]): Said => [
  1,
  7,
  items.length,
  ...items.flatMap(([track, ...pairs]) => [track, 1, 2, 3, 4, pairs.length, ...pairs.flat()]),
];

export function tracks(n: number, at = 0): Said {
  return [1, 2, n, ...Array.from({ length: n }, (_, i) => [i + 1, i, at, 5, at + 8, 13, 0.8, 1 + 4]).flat()];
}

/** People 1..n; the last one has no identity yet. */
export function people(n: number, at = 0): Said {
  return [
    1,
    3,
    n,
    ...Array.from({ length: n }, (_, i) => [i + 1, i < n - 1 ? i + 1 : 0, i, at, 5, at + 8, 13, 0.8]).flat(),
  ];
}

export const classes = (pairs: [number, number][]): Said => [1, 4, 1, pairs.length, ...pairs.flat()];

export const tensors = (...list: { dims: number[]; data: number[] }[]): Said => [
  1,
  5,
  list.length,
  ...list.flatMap(({ dims, data }) => [dims.length, ...dims, ...data]),
];

export const external: Said = [1, 6];
export const carried: Said = [2, 6];

export interface Task {
  taskId: number;
  source: number;
  seq: number;
  index: number;
  ptsUs: number;
  width: number;
  height: number;
}

export function record(task: Task, said: readonly Said[]): number[] {
  const { taskId, source, seq, index, ptsUs, width, height } = task;
  const body = [taskId, source, seq, index, ptsUs, width, height, ...said.flatMap((words) => words ?? [0, 0])];
  return [body.length + 1, ...body];
}
