/** A command line that runs in this process. */
import { main } from '../src/cli/main.js';
import type { Terminal } from '../src/cli/terminal.js';

/** Runs a command line; `interrupt` is called when the command listens for it. */
export async function framepath(args: string[], interrupt?: (stop: () => void) => void) {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
    columns: 80,
    onInterrupt(stop) {
      interrupt?.(stop);
      return () => undefined;
    },
  };
  const code = await main(args, terminal);
  return { code, out, err };
}
