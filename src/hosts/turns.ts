/** Longest work in one turn of the event loop, ms. */
const sliceMs = 1;

/** Starts work in order of arrival, `most` at a time; work that never settles keeps its place. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #yielding = false;
  #closed = false;

  constructor(private readonly most: number) {}

  /** What `work` returns or throws; a promise of that where it has to wait. */
  take(work: () => unknown): unknown {
    if (this.#free && !this.#waiting.length) return this.#begin(work);
    return new Promise((resolve) =>
      this.#waiting.push(() => resolve(new Promise((given) => given(this.#begin(work))))),
    );
  }

  /** Drops work that has not started. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  get #free(): boolean {
    return this.#busy < this.most && !this.#yielding && !this.#closed;
  }

  #begin(work: () => unknown): unknown {
    const begun = performance.now();
    this.#busy++;
    let promised: Promise<unknown> | undefined;
    try {
      const given = work();
      if (!isThenable(given)) return given;
      promised = Promise.resolve(given); // `then` is called once: some thenables start their work at each call
      return promised;
    } finally {
      if (performance.now() - begun > sliceMs) this.#yield();
      if (promised) promised.then(this.#end, this.#end);
      else this.#end();
    }
  }

  readonly #end = (): void => {
    this.#busy--;
    this.#startNext();
  };

  /** Lets other work of the event loop run first. */
  #yield(): void {
    this.#yielding = true;
    setImmediate(() => {
      this.#yielding = false;
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#free && this.#waiting.length) this.#waiting.shift()!();
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
