/** Programs that tests run in a process of their own, on the compiled library. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { required } from '../require.js';
import { noAddon, root } from './clips.js';

const library = join(root, 'lib/index.js');

/** Whether the addon and the compiled library are there. */
export const compiled = noAddon === undefined && required('library', existsSync(library));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
  ms: number;
}

/** An ES module that starts with the library's names; `flags` are node's. */
export function program(
  body: string,
  { flags = [] as string[], seconds = 60, env = {} as Record<string, string> } = {},
): { child: ReturnType<typeof spawn>; ended: Promise<Ended> } {
  const script = `import { analyzer, detect, frames, grid, identify, pipeline, track, video } from ${JSON.stringify(library)};\n${body}`;
  const began = performance.now();
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
  });
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text.out += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part) => {
    text.err += part;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...text, ms: performance.now() - began }));
  });
  return { child, ended };
}
