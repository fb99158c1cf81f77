/** Longest that work goes on in one turn of the event loop, ms. */
const spellMs = 1;

/** Begins work in the order in which it came, `most` at a time. Work that never ends keeps its place. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #resting = false;
  #closed = false;

  constructor(private readonly most: number) {}

  /** What `work` gives or throws; a promise of it where others come first. */
  take(work: () => unknown): unknown {
    if (this.#free && !this.#waiting.length) return this.#begin(work);
    return new Promise((resolve) =>
      this.#waiting.push(() => resolve(new Promise((given) => given(this.#begin(work))))),
    );
  }

  /** What has not begun never will. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  get #free(): boolean {
    return this.#busy < this.most && !this.#resting && !this.#closed;
  }

  #begin(work: () => unknown): unknown {
    const begun = performance.now();
    this.#busy++;
    let promised: Promise<unknown> | undefined;
    try {
      const given = work();
      if (!isThenable(given)) return given;
      promised = Promise.resolve(given); // once: some begin their work at every `then`
      return promised;
    } finally {
      if (performance.now() - begun > spellMs) this.#rest();
      if (promised) promised.then(this.#end, this.#end);
      else this.#end();
    }
  }

  readonly #end = (): void => {
    this.#busy--;
    this.#goOn();
  };

  /** Others of this thread come first. */
  #rest(): void {
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    while (this.#free && this.#waiting.length) this.#waiting.shift()!();
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
