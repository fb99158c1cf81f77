/** Windows: the last crops of every track, for models that look at movement. Kept natively, where they were made. */
import type { Box } from '../generated/results.js';
import { unexpected } from '../validate.js';
import type { InputPicture, InputRequest, InputWords } from './input.js';

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

/** Words of the native side about windows; see RunCallbacks in native.ts. `slot` maps one of them. @internal */
export function readWindows(
  words: InputWords,
  format: InputPicture['format'],
  slot: (offset: number, capacity: number) => ArrayBuffer,
): InputWindow[] {
  const windows: InputWindow[] = [];
  for (let at = 2; at < words.length; ) {
    const [track, index] = [words[at]!, words[at + 1]!];
    const box: Box = [words[at + 2]!, words[at + 3]!, words[at + 4]!, words[at + 5]!];
    const [fresh, width, height, bytes] = [words[at + 6] === 1, words[at + 7]!, words[at + 8]!, words[at + 9]!];
    const first = at + 11;
    const frames = Array.from({ length: words[at + 10]! }, (_, i) => {
      const data = new Uint8Array(slot(words[first + 2 * i]!, words[first + 2 * i + 1]!), 0, bytes);
      return { data, width, height, format };
    });
    windows.push({ track, box, index, fresh, frames });
    at = first + 2 * frames.length;
  }
  return windows;
}
