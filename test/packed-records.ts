/** Packs results as the native side does (see `ResultBlock` in src/native.ts). */
import { moduleHeader, recordHeader, resultKind, resultState } from '../src/generated/packed.js';
import type { ResultBlock } from '../src/native.js';

/** The result of one module: its payload, and whose value it is where it is not its own of this task. */
export interface Result {
  state: number;
  kind: number;
  payload: number[];
  module?: number;
  task?: number;
}

const value = (kind: keyof typeof resultKind, ...payload: number[]): Result => ({
  state: resultState.value,
  kind: resultKind[kind],
  payload,
});

export const nothing: Result = { state: resultState.none, kind: resultKind.none, payload: [], module: -1, task: -1 };

/** n detections, all in one place, moving with the frame. */
export function detections(n: number, at = 0, keypoints = 2): Result {
  const rows = Array.from({ length: n }, (_, i) => [at + i * 10, 5, at + i * 10 + 8, 13, 0.9 - i / 100, 0]);
  const points = Array.from({ length: n * keypoints }, (_, i) => [at + i, i + 0.5]);
  return value('detections', n, keypoints, 0, 0, 0, ...rows.flat(), ...points.flat());
}

/** Two masked detections with scored keypoints; their masks are these ranges of the block's text. */
export function masked(size: [height: number, width: number], ...masks: [start: number, length: number][]): Result {
  const rows = [0, 1].flatMap((i) => [i, i, i + 9, i + 9, 0.5, i]);
  return value('detections', 2, 1, 1, ...size, ...rows, 1, 2, 3, 4, 0.25, 0.75, ...masks.flat());
}

/** Boxes with the classes of each: track (0: none), then pairs of class and score. */
export const boxClasses = (...items: [track: number, ...pairs: [number, number][]][]): Result =>
  value(
    'boxClasses',
    items.length,
    ...items.flatMap(([track, ...pairs]) => [track, 1, 2, 3, 4, pairs.length, ...pairs.flat()]),
  );

export function tracks(n: number, at = 0): Result {
  const rows = Array.from({ length: n }, (_, i) => [i + 1, i, at, 5, at + 8, 13, 0.8, 1 + 4]);
  return value('tracks', n, ...rows.flat());
}

/** People 1..n; the last one has no identity yet. */
export function people(n: number, at = 0): Result {
  const rows = Array.from({ length: n }, (_, i) => [i + 1, i < n - 1 ? i + 1 : 0, i, at, 5, at + 8, 13, 0.8]);
  return value('people', n, ...rows.flat());
}

export const classes = (pairs: [number, number][]): Result => value('classes', 1, pairs.length, ...pairs.flat());

export const tensors = (...list: { dims: number[]; data: number[] }[]): Result =>
  value('tensors', list.length, ...list.flatMap(({ dims, data }) => [dims.length, ...dims, ...data]));

/** A value that JavaScript keeps: its own, or that of a module for a task. */
export const external: Result = value('external');
export const externalOf = (module: number, task: number, state: 'value' | 'carried' = 'carried'): Result => ({
  ...external,
  state: resultState[state],
  module,
  task,
});

export interface Task {
  taskId: number;
  source: number;
  seq: number;
  index: number;
  ptsUs: number;
  width: number;
  height: number;
}

export function record(task: Task, results: readonly Result[]): number[] {
  const { taskId, source, seq, index, ptsUs, width, height } = task;
  const modules = results.flatMap(({ state, module, task: from, kind, payload }, i) => {
    const header = [state, module ?? i, from ?? taskId, kind];
    if (header.length !== moduleHeader.size) throw new Error('the header of a module has other numbers');
    return [...header, ...payload];
  });
  const length = recordHeader.size + modules.length;
  return [length, taskId, source, seq, index, ptsUs, width, height, ...modules];
}

export const block = (numbers: readonly number[], text?: string): ResultBlock => ({
  packed: Float64Array.from(numbers),
  ...(text !== undefined && { text: Buffer.from(text, 'latin1') }),
});
