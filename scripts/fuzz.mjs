// npm run fuzz -- [--minutes N | --seconds S] [--seed N] [target...]: the fuzz targets, two at a time, each for its share
// of the time; --ci gives each 15 s; --coverage reports instead which lines of native/media, native/infer and packages/models
// the inputs gathered so far reach.
//
// Native targets are libFuzzer's under ASan and UBSan (test/fuzz/native), the others are programs in test/fuzz/js. What
// failed once lies in test/fuzz/regressions/TARGET and is tried first. New failures go to build/fuzz/failures/TARGET.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { longestInput, makeSeeds } from '../test/fuzz/seeds.mjs';
import { setUp } from './setup.mjs';
import { reportCoverage } from './steps/fuzz-coverage.mjs';
import { buildSanitized } from './steps/native-build.mjs';
import { main, progress, root, StepError } from './steps/shell.mjs';
import { ensureSystemPackages, ensureTestPackages, hasFuzzer } from './steps/system-packages.mjs';
import { seed as seedOfTests } from './tests/environment.mjs';
import { runCaptured } from './tests/jobs.mjs';
import { addressOptions } from './tests/programs.mjs';

const folder = join(root, 'build/fuzz');
const regressions = join(root, 'test/fuzz/regressions');
/** An input that takes longer has hung; the machine may be busy. */
const inputSeconds = 30;
/** A target is not started again after so many failures: they are most likely one. */
const mostFailures = 5;

const filesIn = (path) =>
  existsSync(path)
    ? readdirSync(path)
        .sort()
        .map((name) => join(path, name))
    : [];
const here = (path) => relative(root, path);

/** {name, run(seconds, seed) -> row}, for every target there is. */
function targets() {
  const native = filesIn(join(root, 'test/fuzz/native')).filter((path) => path.endsWith('_fuzz.cc'));
  // Beside the targets lie what they are run by and what changes their inputs.
  const isTarget = (path) => path.endsWith('.mjs') && readFileSync(path, 'utf8').includes("from './fuzzer.mjs'");
  const js = filesIn(join(root, 'test/fuzz/js')).filter(isTarget);
  const nameOf = (path, ending) => path.slice(path.lastIndexOf('/') + 1, -ending.length);
  return [
    ...native.map((path) => ({ name: nameOf(path, '_fuzz.cc'), native: true })),
    ...js.map((path) => ({ name: nameOf(path, '.mjs'), native: false })),
  ];
}

/** The sanitizers' options; libFuzzer itself looks for memory that grows. */
const sanitizerOptions = {
  ...addressOptions,
  ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:handle_abort=1',
};

/** The line with the cause of a failure. */
function reasonIn(output) {
  const lines = output.split('\n');
  const cause = lines.find((line) =>
    /^fault: |runtime error: |ERROR: (Address|Leak)Sanitizer|ERROR: libFuzzer/.test(line),
  );
  return (cause ?? lines.at(-2) ?? '').trim().slice(0, 200);
}

async function runNative(build, name, seconds, seed) {
  const program = join(build, `${name}_fuzz`);
  const failures = join(folder, 'failures', name);
  const corpus = join(folder, 'corpus', name);
  for (const path of [failures, corpus]) mkdirSync(path, { recursive: true });
  const scratch = mkdtempSync('/dev/shm/framepath-fuzz-');
  const counts = join(scratch, 'counts');
  const env = { ...sanitizerOptions, TMPDIR: scratch, FRAMEPATH_FUZZ_COUNTS: counts };
  const row = { target: name, inputs: 0, seconds: 0, cov: '', useful: '', failures: 0, seed, lines: [] };
  const fail = (title, output, replay) => {
    row.failures++;
    row.lines.push(`${name}: ${title}`, `  ${reasonIn(output)}`, `  replay: ${replay}`);
  };
  const limits = [`-timeout=${inputSeconds}`, '-rss_limit_mb=2560', '-malloc_limit_mb=2048'];

  const known = filesIn(join(regressions, name));
  if (known.length > 0) {
    const { status, output } = await runCaptured(program, [...limits, ...known], { env, minutes: 5 });
    const last = [...output.matchAll(/^Running: (.*)$/gm)].at(-1)?.[1] ?? '';
    if (status !== 0) fail('a regression is back', output, `${here(program)} ${here(last)}`);
  }
  // Of files a mutation or two are enough: with five hardly one decodes.
  const depth = ['demux', 'audio_copy'].includes(name) ? 2 : 5;
  const dictionary = join(root, 'test/fuzz', `${name}.dict`);
  const began = performance.now();
  for (let round = 0; row.failures < mostFailures; round++) {
    const left = Math.round(seconds - (performance.now() - began) / 1000);
    if (left < (round ? 5 : 1)) break;
    const args = [
      ...limits,
      `-max_total_time=${left}`,
      `-seed=${seed + round}`,
      `-max_len=${longestInput}`,
      `-mutate_depth=${depth}`,
      `-artifact_prefix=${failures}/`,
      ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
      corpus,
      join(folder, 'seeds', name),
    ];
    const { status, output } = await runCaptured(program, args, { env, minutes: (left + inputSeconds + 120) / 60 });
    row.cov = [...output.matchAll(/cov: (\d+) ft: (\d+)/g)].at(-1)?.slice(1).join('/') ?? row.cov;
    if (status === 0) break;
    const kept = /Test unit written to (\S+)/.exec(output)?.[1];
    fail(
      `failed in round ${round}`,
      output,
      kept ? `${here(program)} ${here(kept)}` : `(no input was kept) -seed=${seed + round}`,
    );
  }
  row.seconds = (performance.now() - began) / 1000;
  if (existsSync(counts)) {
    const bytes = readFileSync(counts);
    row.inputs = Number(bytes.readBigUInt64LE(0));
    row.useful = `${Math.round((100 * Number(bytes.readBigUInt64LE(8))) / Math.max(1, row.inputs))} %`;
  }
  rmSync(scratch, { recursive: true, force: true });
  return row;
}

async function runJs(name, seconds, seed) {
  const program = join(root, 'test/fuzz/js', `${name}.mjs`);
  const failures = join(folder, 'failures', name);
  mkdirSync(failures, { recursive: true });
  const began = performance.now();
  const known = filesIn(join(regressions, name));
  const row = { target: name, inputs: 0, seconds: 0, cov: '', useful: '', failures: 0, seed, lines: [] };
  if (known.length > 0) {
    const { status, output } = await runCaptured(process.execPath, [program, ...known], { minutes: 5 });
    if (status !== 0) {
      row.failures++;
      row.lines.push(`${name}: a regression is back`, output.trim().slice(-2000));
    }
  }
  const args = [program, '--seconds', String(Math.round(seconds)), '--seed', String(seed), '--keep', failures];
  const { status, output } = await runCaptured(process.execPath, args, { minutes: seconds / 60 + 5 });
  const last = /: (\d+) inputs, (\d+) failures, seed \d+\s*$/.exec(output);
  row.inputs = Number(last?.[1] ?? 0);
  const failed = Number(last?.[2] ?? 1) || (status === 0 ? 0 : 1);
  row.failures += failed;
  if (failed)
    row.lines.push(`${name}: ${output.trim().slice(-2000)}`, `  replay: node ${here(program)} ${here(failures)}/FILE`);
  row.seconds = (performance.now() - began) / 1000;
  return row;
}

function printTable(rows) {
  const header = ['target', 'inputs', 'inputs/s', 'useful', 'cov/ft', 'failures', 'seed'];
  const cells = rows.map((row) => [
    row.target,
    String(row.inputs),
    (row.inputs / Math.max(row.seconds, 0.001)).toFixed(0),
    row.useful,
    row.cov,
    String(row.failures),
    String(row.seed),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i].length)));
  for (const line of [header, ...cells])
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      ci: { type: 'boolean' },
      coverage: { type: 'boolean' },
    },
  });
  const all = targets();
  for (const name of positionals)
    if (!all.some((target) => target.name === name))
      throw new StepError(`There is no target ${name}; there are: ${all.map((target) => target.name).join(', ')}`);
  let chosen = positionals.length ? all.filter((target) => positionals.includes(target.name)) : all;
  const total = values.minutes !== undefined ? Number(values.minutes) * 60 : Number(values.seconds ?? 0);
  const seed = values.seed !== undefined ? Number(values.seed) : seedOfTests;
  if (!(values.ci || values.coverage || total > 0))
    throw new StepError('Give --minutes N or --seconds S (for all targets together), --ci or --coverage');
  if (!Number.isSafeInteger(seed) || seed < 1) throw new StepError('Give --seed a whole number from 1');

  await ensureSystemPackages();
  await ensureTestPackages();
  if (!hasFuzzer()) {
    progress("clang's libFuzzer is not installed (Debian: clang-14 libclang-rt-14-dev): native targets are left out");
    chosen = chosen.filter((target) => !target.native);
  }
  if (chosen.some((target) => !target.native)) await setUp();
  const missing = makeSeeds();
  if (missing.length) progress(`seeds that this ffmpeg cannot make: ${missing.join(', ')}`);
  const programs = chosen.filter((target) => target.native).map((target) => `${target.name}_fuzz`);
  if (values.coverage) return reportCoverage(chosen, seed);
  const build = programs.length ? await buildSanitized('asan', 'address,undefined', programs) : '';

  const lanes = Math.min(2, availableParallelism(), chosen.length);
  const share = values.ci ? 15 : (total * lanes) / chosen.length;
  progress(`${chosen.length} targets, ${share.toFixed(0)} s each, ${lanes} at a time, seed ${seed}`);
  const rows = [];
  const waiting = [...chosen];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const row = next.native ? await runNative(build, next.name, share, seed) : await runJs(next.name, share, seed);
      rows.push(row);
      progress(`${row.target}: ${row.inputs} inputs, ${row.failures} failures`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  rows.sort((a, b) => all.findIndex((t) => t.name === a.target) - all.findIndex((t) => t.name === b.target));
  printTable(rows);
  for (const row of rows) for (const line of row.lines) console.log(line);
  console.log(`${rows.reduce((sum, row) => sum + row.inputs, 0)} inputs, seed ${seed}`);
  const failed = rows.filter((row) => row.failures > 0).length;
  console.log(`${rows.length - failed} passed, ${failed} failed`);
  return failed ? 1 : 0;
});
