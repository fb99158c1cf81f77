/** Pushes the pixels of a `frames(...)` source, at the pace the run takes them. */
import { FramepathError } from '../errors.js';
import type { NativeRun } from '../native.js';
import { type PushedFrame, pictureBytes, type Source } from '../source.js';
import { unexpected } from '../validate.js';

/**
 * Resolves when the iterable has ended or the run takes no more of it. Rejects with SOURCE_FAILED when it throws and
 * INVALID_ARGUMENT when a frame has the wrong size. The iterable is told to stop in every case.
 */
export async function pushAll(native: NativeRun, id: string, source: Source): Promise<void> {
  const { width = 0, height = 0, format = 'rgb24', fps = 30 } = source.spec;
  const bytes = pictureBytes(format, width, height);
  let index = 0;
  try {
    for await (const frame of guarded(source.pushed!, id)) {
      const data = frame instanceof Uint8Array ? frame : frame?.data;
      if (!(data instanceof Uint8Array) || data.byteLength !== bytes) {
        const size = `${bytes} bytes (${width}x${height} ${format})`;
        throw unexpected(
          size,
          `frame ${index} of source '${id}'`,
          data instanceof Uint8Array ? data.byteLength : frame,
        );
      }
      const ptsUs = frame instanceof Uint8Array ? (index * 1e6) / fps : frame.timeMs * 1000;
      if (!(await native.pushFrame(id, data, Math.round(ptsUs)))) return;
      index++;
    }
  } finally {
    native.endFrames(id);
  }
}

async function* guarded(iterable: NonNullable<Source['pushed']>, id: string): AsyncGenerator<PushedFrame> {
  try {
    yield* iterable;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FramepathError('SOURCE_FAILED', `The iterable of source '${id}' threw: ${why}`, { source: id, cause });
  }
}
