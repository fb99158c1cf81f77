// Runs a step in a process group of its own, which is ended as a whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
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
  const kill = () => process.kill(-child.pid, 'SIGKILL');
  const timer = setTimeout(() => {
    ended.timedOut = true;
    kill();
  }, seconds * 1000);
  // In a group of its own it hears no Ctrl-C.
  const stop = (signal) => {
    kill();
    process.exit(128 + constants.signals[signal]);
  };
  const signals = ['SIGINT', 'SIGTERM'];
  for (const signal of signals) process.once(signal, stop);
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    ended.stderr = (ended.stderr + text).slice(-stderrKept);
  });
  [ended.code, ended.signal] = await once(child, 'close');
  clearTimeout(timer);
  for (const signal of signals) process.off(signal, stop);
  ended.stderr = ended.stderr.trim();
  return entryOf(step, { lines, seconds: (performance.now() - begun) / 1000, ended });
}
