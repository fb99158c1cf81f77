// Running programs for the set-up scripts: quiet when they succeed, with their whole output when they fail.
import { spawn, spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository (or the installed package) these scripts belong to. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A failure whose message is all the user needs: printed without a stack. */
export class StepError extends Error {
  name = 'StepError';
}

const started = performance.now();

/** One progress line, with the seconds since the script started. */
export function progress(text) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`[${seconds} s] ${text}`);
}

/** Runs a program and returns its standard output; throws StepError with its output when it fails. */
export function run(command, args, { cwd = root, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.error) throw new StepError(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) {
    const why = result.signal ? `was killed by ${result.signal}` : `failed with ${result.status}`;
    throw new StepError(`${command} ${args.join(' ')} ${why}\n${result.stdout}${result.stderr}`.trimEnd());
  }
  return result.stdout;
}

/** Runs a program that takes long: its output goes to the terminal. Resolves with the exit status. */
export function runLoud(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', (error) => fail(new StepError(`cannot run ${command}: ${error.message}`)));
    child.on('close', (status, signal) => {
      if (signal) fail(new StepError(`${command} ${args[0]} was killed by ${signal}`));
      else done(status ?? 1);
    });
  });
}

/** Whether a program is on the PATH. */
export function hasProgram(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
}

/** Runs a script's main function; StepErrors become one message and exit status 1. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
