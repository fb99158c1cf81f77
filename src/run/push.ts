/** Pushes the pixels of a `frames(...)` source, at the pace the run takes them. */

import { messageOf } from '../errors.js';
import { framesValuesDefaults } from '../generated/rules.js';
import type { NativeRun } from '../native.js';
import { type PushedFrame, pictureBytes, type Source } from '../source.js';
import { number, unexpected } from '../validate.js';

/** Centuries either way: microseconds stay whole numbers. */
const time = number(-1e12, 1e12);

/**
 * Resolves when the iterable has ended, has thrown or the run takes no more of it; with what it threw, which fails the
 * source but not the others. Rejects with INVALID_ARGUMENT when a frame has the wrong size. The iterable is asked to stop
 * in every case.
 */
export async function pushAll(native: NativeRun, id: string, source: Source): Promise<{ threw?: unknown }> {
  const { width = 0, height = 0, format = framesValuesDefaults.format, fps = framesValuesDefaults.fps } = source.spec;
  const bytes = pictureBytes(format, width, height);
  let index = 0;
  try {
    for await (const frame of guarded(source.pushed!)) {
      const data = frame instanceof Uint8Array ? frame : frame?.data;
      if (!(data instanceof Uint8Array) || data.byteLength !== bytes) {
        const size = `${bytes} bytes (${width}x${height} ${format})`;
        throw unexpected(
          size,
          `frame ${index} of source '${id}'`,
          data instanceof Uint8Array ? data.byteLength : frame,
        );
      }
      if (!(frame instanceof Uint8Array)) time(`timeMs of frame ${index} of source '${id}'`, frame.timeMs);
      // Its memory could shrink while another thread copies it.
      const bytesNow = (data.buffer as { resizable?: boolean }).resizable ? data.slice() : data;
      const ptsUs = frame instanceof Uint8Array ? (index * 1e6) / fps : frame.timeMs * 1000;
      if (!(await native.pushFrame(id, bytesNow, Math.round(ptsUs)))) break;
      index++;
    }
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
    native.endFrames(id, `The iterable of source '${id}' threw: ${messageOf(error.cause)}`);
    return { threw: error.cause };
  } finally {
    native.endFrames(id);
  }
  return {};
}

/** What the iterable threw, kept apart from what pushing threw. */
class Thrown extends Error {}

async function* guarded(iterable: NonNullable<Source['pushed']>): AsyncGenerator<PushedFrame> {
  try {
    yield* iterable;
  } catch (cause) {
    throw new Thrown('', { cause });
  }
}
