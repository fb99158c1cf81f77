// Runs a step in a process group of its own, which is ended as a whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { entryOf } from './result.mjs';

const childFile = fileURLToPath(new URL('child.mjs', import.meta.url));
const stderrKept = 4000;

/**
 * Resolves with the step's entry, whatever becomes of its process.
 * @param step {name, title}
 * @param context what the step's `run` gets
 * @param seconds when it is ended
 * @param program what is run, with the step's name and the context as arguments
 */
export async function runStep(step, context, seconds, program = childFile) {
  const begun = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', program, step.name, JSON.stringify(context)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = { timedOut: false, stderr: '' };
  const timer = setTimeout(() => {
    ended.timedOut = true;
    process.kill(-child.pid, 'SIGKILL');
  }, seconds * 1000);
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    ended.stderr = (ended.stderr + text).slice(-stderrKept);
  });
  [ended.code, ended.signal] = await once(child, 'close');
  clearTimeout(timer);
  ended.stderr = ended.stderr.trim();
  return entryOf(step, { lines, seconds: (performance.now() - begun) / 1000, ended });
}
