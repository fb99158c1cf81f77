// Jobs of a test suite: as many at a time as there are cores, the longest first, one count and one table at the end.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { progress, root } from '../steps/shell.mjs';
import { build, environment } from './environment.mjs';

/** Runs a program to its end; one that hangs is killed after `minutes` and has failed. */
export function runCaptured(command, args, { env = {}, echo = false, minutes = 15 } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: Math.round(minutes * 60_000),
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (echo) process.stdout.write(text);
      });
    }
    child.on('error', (error) => done({ status: 1, output: `${output}${error.message}\n` }));
    child.on('close', (status, signal) =>
      done({ status: status ?? 1, output: signal ? `${output}killed by ${signal}\n` : output }),
    );
  });
}

/** How long each job took the last time, so that the longest begin first. */
const timesFile = join(build, 'test-times.json');
function lastTimes() {
  try {
    return JSON.parse(readFileSync(timesFile, 'utf8'));
  } catch {
    return {}; // the first time, or a run that was broken off while it wrote
  }
}

/** Of what a program printed: failed tests with their checks, and what a sanitizer found. Where there is none, how it ended. */
export function reasonsIn(output) {
  const lines = output.split('\n').filter((line) => line.trim());
  const telling = lines.filter((line) =>
    /^not ok |^ {2}\S+:\d+: |^FAILED|ERROR: |WARNING: Thread|SUMMARY: /.test(line),
  );
  return telling.length ? telling : lines.slice(-10);
}

/** What has been run so far, for the tables at the end: {name, seconds, passed, failed, reasons}. */
export const finished = [];

/**
 * Runs jobs, each {name, cores = 1, run(): Promise<{passed, failed, output?, reasons?}>}: `cores` of them are kept busy at a time.
 * What a job printed is displayed when it fails; what it skipped always. `reasons` are lines about what failed.
 */
export async function runJobs(title, jobs, { cores = Math.max(2, availableParallelism()) } = {}) {
  progress(`${title}: ${jobs.length}`);
  const times = lastTimes();
  const last = (job) => times[job.name] ?? 0;
  const waiting = [...jobs].sort((a, b) => last(b) - last(a));
  let free = cores;
  await new Promise((done) => {
    let running = 0;
    const runOne = async (job, taken) => {
      const begun = performance.now();
      const { passed, failed, output = '', reasons = reasonsIn(output) } = await job.run();
      const seconds = (performance.now() - begun) / 1000;
      finished.push({ name: job.name, seconds, passed, failed, reasons });
      times[job.name] = Math.round(seconds * 10) / 10;
      progress(`${failed ? 'FAILED' : 'ok'} ${job.name}: ${passed} passed, ${failed} failed (${seconds.toFixed(1)} s)`);
      if (failed) process.stdout.write(output);
      else for (const reason of new Set(output.match(/^ *skipped: .*/gm))) console.log(reason);
      free += taken;
      running--;
      begin();
    };
    const begin = () => {
      for (let i = 0; i < waiting.length; ) {
        const taken = Math.min(waiting[i].cores ?? 1, cores);
        if (taken > free) {
          i++;
          continue;
        }
        free -= taken;
        running++;
        runOne(waiting.splice(i, 1)[0], taken);
      }
      if (running === 0) done();
    };
    begin();
  });
  mkdirSync(build, { recursive: true });
  writeFileSync(timesFile, JSON.stringify(times, null, 1));
}

/** The longest of what has run. */
export function printTimes(most = 25) {
  const rows = [...finished].sort((a, b) => b.seconds - a.seconds).slice(0, most);
  console.log('\nThe longest:');
  for (const { name, seconds } of rows) console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
  console.log('');
}

/** What failed, once more and together: whoever sees only the end of a long log must find it there. */
export function printFailures(most = 20) {
  for (const { name, failed, reasons } of finished) {
    if (!failed) continue;
    console.log(`FAILED ${name}: ${failed}`);
    for (const line of reasons.slice(0, most)) console.log(`    ${line.slice(0, 300)}`);
  }
}
