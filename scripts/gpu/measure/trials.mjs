// The bench's trials, each in a process of its own, and what the suite keeps of them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jobOf, runTrial } from '../../../bench/runner.mjs';
import { root } from '../../steps/shell.mjs';

/** A range of the report's readings of the GPU, or null. */
const reading = (gpu, name) => gpu?.[name] ?? null;

/** `all`, `none` or `some` of the pictures were decoded by the GPU. */
export function decodedWhere(sources) {
  const sum = (pick) => sources.reduce((total, source) => total + (pick(source) ?? 0), 0);
  const [decoded, onGpu] = [sum((source) => source.decoded), sum((source) => source.decodedOnGpu)];
  if (onGpu === 0) return 'none';
  return onGpu === decoded ? 'all' : 'some';
}

/** A recovery of a report as a line. */
export const recoveryLine = ({ where, what, reason }) => `${where}: ${what}: ${reason}`;

/** The result of one trial of bench/trial.mjs. */
export function rowOf(trial) {
  const { frames, wallMs, cpuMs, gpu } = trial;
  return {
    device: trial.device,
    frames,
    seconds: wallMs / 1000,
    fps: (frames / wallMs) * 1000,
    cpuMsPerFrame: cpuMs / frames,
    decodedOnGpu: decodedWhere(trial.sources),
    providers: trial.models.map(({ name, provider }) => `${name}: ${provider}`),
    copies: trial.copies,
    nvdec: reading(gpu, 'decoder'),
    nvenc: reading(gpu, 'encoder'),
    sm: reading(gpu, 'sm'),
    vramBytes: reading(gpu, 'memoryBytes'),
    peakRssBytes: trial.peakRssBytes,
    recoveries: trial.recoveries.map(recoveryLine),
  };
}

/** The error in the output of a process, without colours and stack. */
export function errorOf(message) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
  const plain = message.replace(/\x1b\[[\d;]*m/g, '');
  return /^\w*Error(?: \[\w+\])?: .*$/m.exec(plain)?.[0] ?? plain.trim();
}

/** The outcome of a trial; errorOf has its failure. */
export async function brief(running) {
  try {
    return await running;
  } catch (error) {
    throw new Error(errorOf(error.message), { cause: error });
  }
}

/** Runs a job of bench/trial.mjs. @throws Error with what the process threw */
export async function trial(job) {
  return rowOf(await brief(runTrial(jobOf('trial.mjs', job))));
}

/** Runs a script of this folder with a job; resolves with the JSON of its last line. @throws Error as trial does */
export function ownTrial(script, job) {
  const args = [fileURLToPath(new URL(script, import.meta.url)), JSON.stringify(job)];
  return brief(runTrial({ file: process.execPath, args }));
}

/** Runs a program to its end. @throws Error with its output, unless its status is one of `statuses` */
export function output(file, args, { env = {}, seconds = 60, statuses = [0] } = {}) {
  const ran = spawnSync(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 26,
  });
  if (ran.error) throw ran.error;
  if (!statuses.includes(ran.status))
    throw new Error(`${file} ended with ${ran.signal ?? ran.status}: ${`${ran.stdout}${ran.stderr}`.slice(-2000)}`);
  return ran.stdout;
}
