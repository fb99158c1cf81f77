/** Results as JSON Lines, several sources merged by (time, source). */
import { FramepathError, messageOf } from '../errors.js';
import type { FrameView } from '../frame.js';
import type { Module } from '../modules/module.js';
import type { OutputFile } from './output-file.js';
import { resultLine, shownModules } from './result-line.js';
import { TimeMerge } from './time-merge.js';

/** Writes a line when no earlier one can come any more. */
export class ResultsWriter {
  readonly #shown: ReturnType<typeof shownModules>;
  readonly #merge = new TimeMerge();

  /** `open` says which sources, by position, may still deliver. */
  constructor(
    private readonly file: OutputFile,
    modules: readonly Module[],
    private readonly open: () => readonly number[],
    private readonly silent: readonly string[] = [],
  ) {
    this.#shown = shownModules(modules);
  }

  async frames(frames: readonly FrameView[]): Promise<void> {
    for (const frame of frames) this.#merge.push(frame.position, frame.timeMs, this.#line(frame));
    await this.#write(this.#merge.take(this.open()));
  }

  /** Writes what is held, then the last line. */
  async finish(relink: unknown): Promise<void> {
    await this.#write(this.#merge.take([]));
    if (relink !== undefined) await this.file.write(`${JSON.stringify({ relink })}\n`);
  }

  #line(frame: FrameView): string {
    try {
      return resultLine(frame, this.#shown, this.silent);
    } catch (cause) {
      const why = messageOf(cause);
      throw new FramepathError(
        'OUTPUT_FAILED',
        `Frame ${frame.index} of source ${frame.source} cannot be written as JSON: ${why}`,
        {
          cause,
          hint: 'Return plain data from analyzers, or leave .results(...) out.',
        },
      );
    }
  }

  async #write(lines: string[]): Promise<void> {
    if (lines.length > 0) await this.file.write(lines.join(''));
  }
}
