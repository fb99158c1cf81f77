// Trials: each in a fresh child process, contenders in turn, every other round backwards, noisy ones again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watchOthers } from './noise.mjs';

/** Others may use this share of the machine before a trial counts as noisy. */
const quiet = 0.05;
/** Trials of one contender may differ by this share of their median. */
const steady = 0.1;
/** Timeout of a trial. */
const trialMinutes = 5;

/** The command that runs a script of this folder with a job, which it gets as JSON. */
export const jobOf = (script, job) => ({
  file: process.execPath,
  args: [fileURLToPath(new URL(script, import.meta.url)), JSON.stringify(job)],
});

/** Runs `command` ({file, args, env}); resolves with the JSON of its last line. Rejects with its output. */
export async function runTrial({ file, args, env = {}, cwd }) {
  const others = watchOthers();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: trialMinutes * 60_000,
    killSignal: 'SIGKILL',
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err = (err + text).slice(-4000);
  });
  const [status, signal] = await once(child, 'close');
  const last = out.trimEnd().split('\n').at(-1);
  if (status !== 0) throw new Error(`${file} ${args[0]} ended with ${signal ?? status}: ${err || out}`.trimEnd());
  return { ...JSON.parse(last), others: others() };
}

/** The median. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** (largest - smallest) / median. */
export function spread(values) {
  return values.length > 1 ? (Math.max(...values) - Math.min(...values)) / median(values) : 0;
}

/** The trials without noise, or all when too few are. */
function calm(trials, wanted) {
  const good = trials.filter(({ others }) => others <= quiet);
  return good.length >= wanted ? good : trials;
}

/**
 * Rounds of trials over `contenders` ([{name, command}]): `rounds` each, `extra` more where trials were noisy or differ
 * too much by `measure`. Resolves with name -> {trials, noisy, repeated} or {skipped}.
 */
export async function compete(contenders, { rounds, extra = 1, measure, log = () => {} }) {
  const results = new Map(contenders.map(({ name }) => [name, { trials: [], skipped: undefined }]));
  const settled = ({ trials, skipped }) => {
    if (skipped) return true;
    const kept = calm(trials, rounds);
    return kept.length >= rounds && kept.every(({ others }) => others <= quiet) && spread(kept.map(measure)) <= steady;
  };
  for (let round = 0; round < rounds + extra; round++) {
    const order = round % 2 ? [...contenders].reverse() : contenders;
    for (const { name, command } of order) {
      const result = results.get(name);
      if (result.skipped || (round >= rounds && settled(result))) continue;
      log(`${name}, trial ${result.trials.length + 1}`);
      try {
        result.trials.push(await runTrial(command));
      } catch (error) {
        result.skipped = error.message;
      }
    }
    if (round + 1 >= rounds && [...results.values()].every(settled)) break;
  }
  for (const result of results.values()) {
    if (result.skipped) continue;
    result.noisy = !settled(result);
    result.repeated = result.trials.length - rounds;
    result.trials = calm(result.trials, rounds);
  }
  return results;
}
