/** Output and interrupts of a command. Tests pass their own. */
export interface Terminal {
  /** results, to standard output */
  out(text: string): void;
  /** messages and progress, to standard error */
  err(text: string): void;
  /** whether `err` redraws lines */
  readonly interactive: boolean;
  readonly columns: number;
  /** Calls `stop` at SIGINT or SIGTERM; returns a function that removes the listener. */
  onInterrupt(stop: () => void): () => void;
}

/** The terminal of this process. */
export function terminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
    get columns() {
      return process.stderr.columns ?? 80;
    },
    onInterrupt(stop) {
      process.on('SIGINT', stop).on('SIGTERM', stop);
      return () => void process.off('SIGINT', stop).off('SIGTERM', stop);
    },
  };
}
