/** Results as JSON Lines, several sources merged by (time, source). */
import { FramepathError } from '../errors.js';
import type { FrameView } from '../frame.js';
import type { Module } from '../modules/module.js';
import type { OutputFile } from './output-file.js';
import { resultLine, shownModules } from './result-line.js';

interface Held {
  timeMs: number;
  line: string;
}

/** Characters held for sources that are behind; beyond it lines are written although an earlier one may still come. */
const mostHeld = 64 * 1024 * 1024;

/** Holds a line until every source that has not ended is past its time. */
export class ResultsWriter {
  readonly #shown: ReturnType<typeof shownModules>;
  readonly #held = new Map<number, Held[]>();
  #characters = 0;

  /** `open` says which sources, by position, may still deliver. */
  constructor(
    private readonly file: OutputFile,
    modules: readonly Module[],
    private readonly open: () => readonly number[],
  ) {
    this.#shown = shownModules(modules);
  }

  async frames(frames: readonly FrameView[]): Promise<void> {
    for (const frame of frames) {
      const line = this.#line(frame);
      this.#characters += line.length;
      const held = this.#held.get(frame.position);
      if (held) held.push({ timeMs: frame.timeMs, line });
      else this.#held.set(frame.position, [{ timeMs: frame.timeMs, line }]);
    }
    await this.#write(this.#ready(this.open()));
  }

  /** Writes what is held, then the last line. */
  async finish(relink: unknown): Promise<void> {
    await this.#write(this.#ready([]));
    if (relink !== undefined) await this.file.write(`${JSON.stringify({ relink })}\n`);
  }

  #line(frame: FrameView): string {
    try {
      return resultLine(frame, this.#shown);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
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

  #ready(open: readonly number[]): string[] {
    const lines: string[] = [];
    const behind = () => open.some((source) => !this.#held.get(source)?.length);
    while (this.#characters > 0 && (!behind() || this.#characters > mostHeld)) {
      let first: number | undefined;
      for (const [source, [head]] of this.#held) {
        const best = first === undefined ? undefined : this.#held.get(first)![0]!;
        if (head && (!best || head.timeMs < best.timeMs || (head.timeMs === best.timeMs && source < first!)))
          first = source;
      }
      const { line } = this.#held.get(first!)!.shift()!;
      this.#characters -= line.length;
      lines.push(line);
    }
    return lines;
  }

  async #write(lines: string[]): Promise<void> {
    if (lines.length > 0) await this.file.write(lines.join(''));
  }
}
