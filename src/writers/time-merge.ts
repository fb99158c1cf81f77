/** Lines of several sources as one sequence, ordered by (time, source). */

/** Most characters held for sources that lag; beyond it lines are written although an earlier one may follow. */
const mostHeld = 64 * 1024 * 1024;

/** Lines of one source, oldest first. */
class Lines {
  #items: { timeMs: number; line: string }[] = [];
  #first = 0;

  get first(): { timeMs: number; line: string } | undefined {
    return this.#items[this.#first];
  }

  push(timeMs: number, line: string): void {
    this.#items.push({ timeMs, line });
  }

  shift(): string {
    const { line } = this.#items[this.#first++]!;
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return line;
  }
}

/** Holds a line until every source that is still open is past its time. */
export class TimeMerge {
  readonly #sources = new Map<number, Lines>();
  #characters = 0;

  push(source: number, timeMs: number, line: string): void {
    const lines = this.#sources.get(source) ?? new Lines();
    this.#sources.set(source, lines);
    lines.push(timeMs, line);
    this.#characters += line.length;
  }

  /** Removes the lines that can be written; `open` are the sources that may still have earlier ones. */
  take(open: readonly number[]): string[] {
    const taken: string[] = [];
    const behind = () => open.some((source) => !this.#sources.get(source)?.first);
    while (this.#characters > 0 && (!behind() || this.#characters > mostHeld)) {
      const line = this.#earliest().shift();
      this.#characters -= line.length;
      taken.push(line);
    }
    return taken;
  }

  #earliest(): Lines {
    const waiting = [...this.#sources].filter(([, lines]) => lines.first);
    const [first] = waiting.sort(([a, one], [b, other]) => one.first!.timeMs - other.first!.timeMs || a - b);
    return first![1];
  }
}
