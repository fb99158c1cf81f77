/** Results as JSON Lines, several sources merged by (time, source). */
import { FramepathError, messageOf } from '../errors.js';
import type { FrameView } from '../frame.js';
import type { OutputFile } from './output-file.js';
import { TimeMerge } from './time-merge.js';

/** Writes a line once no earlier one can follow. */
export class ResultsWriter {
  readonly #merge = new TimeMerge();

  /** `open` returns the positions of the sources that may still deliver. */
  constructor(
    private readonly file: OutputFile,
    private readonly open: () => readonly number[],
  ) {}

  async frames(frames: readonly FrameView[]): Promise<void> {
    for (const frame of frames) this.#merge.push(frame.position, frame.timeMs, lineOf(frame));
    await this.#write(this.#merge.take(this.open()));
  }

  /** Writes what is held, then the last line. */
  async finish(relink: unknown): Promise<void> {
    await this.#write(this.#merge.take([]));
    if (relink !== undefined) await this.file.write(`${JSON.stringify({ relink })}\n`);
  }

  async #write(lines: string[]): Promise<void> {
    if (lines.length > 0) await this.file.write(lines.join(''));
  }
}

/** The frame as `frame.toJSON()` gives it. @throws OUTPUT_FAILED */
function lineOf(frame: FrameView): string {
  try {
    return `${JSON.stringify(frame)}\n`;
  } catch (cause) {
    const module = Object.entries(frame.toJSON()).find(([, value]) => !isJson(value))?.[0];
    const whose = module === undefined ? '' : `the value of module '${module}' for `;
    throw new FramepathError(
      'OUTPUT_FAILED',
      `Cannot write as JSON: ${whose}frame ${frame.index} of source ${frame.source}: ${messageOf(cause)}`,
      { cause, module, hint: 'Return plain data from analyzers, or leave .results(...) out.' },
    );
  }
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
