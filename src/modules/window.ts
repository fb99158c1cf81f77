/** Windows: the last crops of every track, for models that look at movement. Kept natively, where they were made. */
import { slotRow, windowRow } from '../generated/packed.js';
import type { Box } from '../generated/results.js';
import { unexpected } from '../validate.js';
import type { InputPicture, InputRequest, PackedInput } from './input.js';

/** A track that is seen in this frame, and what it looked like lately. */
export interface InputWindow {
  readonly track: number;
  /** where it is in this frame, pixels */
  readonly box: Box;
  /** position in the list of the module that was named */
  readonly index: number;
  /** whether this frame is the last of `frames`: with a `stride`, false on the frames between */
  readonly fresh: boolean;
  /** its crops, oldest first; at least `min`, at most `window` */
  readonly frames: readonly InputPicture[];
}

/** Bounds of one window: frames it may reach back over, bytes. Of all of a module's windows: native/graph/window.h. */
const mostFrames = 1024;
const mostMegabytes = 64;

/** What does not go together in a request for windows. @internal */
export function checkWindow(name: string, request: InputRequest): void {
  const { of, window, stride = 1, min, crop, width, height, format } = request;
  if (of === undefined) {
    for (const option of ['window', 'stride', 'min'] as const)
      if (request[option] !== undefined) throw unexpected(`a tracker, because of ${option},`, `${name}.of`, of);
    return;
  }
  if (request.memory === 'device') throw unexpected("'host' for windows", `${name}.memory`, request.memory);
  if (crop !== undefined) throw unexpected("nothing (a window's crops are those of 'of')", `${name}.crop`, crop);
  if (window === undefined) throw unexpected('how many crops of a track are kept', `${name}.window`, window);
  if (min !== undefined && min > window) throw unexpected(`at most ${window}, the window,`, `${name}.min`, min);
  if (window * stride > mostFrames)
    throw unexpected(`a window x stride of at most ${mostFrames} frames`, name, `${window} x ${stride}`);
  const pixels = (width ?? height!) * (height ?? width!);
  if (window * pixels * (format === 'gray8' ? 1 : 3) > mostMegabytes * 2 ** 20)
    throw unexpected(`crops of at most ${mostMegabytes} MiB together`, `${name}.window`, window);
}

/** Reads packed windows; see ModuleQuestion in native.ts. `slot` maps one of them. @internal */
export function readWindows(
  packed: PackedInput,
  format: InputPicture['format'],
  slot: (offset: number, capacity: number) => ArrayBuffer,
): InputWindow[] {
  const windows: InputWindow[] = [];
  for (let at: number = slotRow.size; at < packed.length; ) {
    const get = (column: number) => packed[at + column]!;
    const box: Box = [get(windowRow.x1), get(windowRow.y1), get(windowRow.x2), get(windowRow.y2)];
    const size = { width: get(windowRow.width), height: get(windowRow.height) };
    const first = at + windowRow.size;
    const frames = Array.from({ length: get(windowRow.count) }, (_, i) => {
      const row = first + slotRow.size * i;
      const memory = slot(packed[row + slotRow.slot]!, packed[row + slotRow.capacity]!);
      return { data: new Uint8Array(memory, 0, get(windowRow.bytes)), ...size, format };
    });
    windows.push({
      track: get(windowRow.track),
      box,
      index: get(windowRow.index),
      fresh: get(windowRow.fresh) === 1,
      frames,
    });
    at = first + slotRow.size * frames.length;
  }
  return windows;
}
