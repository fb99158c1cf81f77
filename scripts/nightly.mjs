// npm run test:nightly -- [--fresh] [step...]: what is too long for every commit, one step after the other. What ended on this
// commit is not run again, so that a broken-off night goes on where it was; --fresh begins anew. build/nightly/summary.md
// has how each step ended, build/nightly/STEP.log its output.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, progress, root, StepError } from './steps/shell.mjs';

/** Each is a script with its arguments; one that writes "N passed, N failed" is counted. */
const steps = {
  files: ['each-file.mjs'],
  long: ['test.mjs', '--nightly'], // random tests at length, and vitest's nightly project
  simulator: ['test.mjs', '--simulator'],
  graphs: ['test.mjs', '--graphs', '10000'],
  faults: ['test.mjs', '--faults'],
  fuzz: ['fuzz.mjs', '--minutes', '120'],
  soak: ['soak.mjs', '--minutes', '10'],
  install: ['test-install.mjs'],
};

const folder = join(root, 'build/nightly');
const stateFile = join(folder, 'state.json');

const commit = () => {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout?.trim() || 'unknown';
};

function before(now) {
  if (!existsSync(stateFile)) return undefined;
  const state = JSON.parse(readFileSync(stateFile, 'utf8'));
  return state.commit === now ? state : undefined;
}

function runStep(name) {
  const [script, ...args] = steps[name];
  const log = createWriteStream(join(folder, `${name}.log`));
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let end = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        log.write(data);
        end = (end + data).slice(-10_000);
      });
    }
    child.on('close', (status, signal) => {
      log.end();
      const counts = [...end.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
      const passed = Number(counts?.[1] ?? (status === 0 ? 1 : 0));
      const failed = Number(counts?.[2] ?? 0) || (status === 0 ? 0 : 1);
      done({ passed, failed, ...(signal && { signal }) });
    });
  });
}

function save(state) {
  writeFileSync(stateFile, JSON.stringify(state, null, 1));
  const rows = Object.keys(steps).map((name) => {
    const step = state.steps[name];
    if (!step) return `| ${name} | not run | | | |`;
    return `| ${name} | ${step.failed ? 'FAILED' : 'ok'} | ${step.passed} | ${step.failed} | ${Math.round(step.seconds)} |`;
  });
  const lines = [
    `# Nightly tests of ${state.commit}`,
    '',
    '| step | result | passed | failed | seconds |',
    '|---|---|---:|---:|---:|',
  ];
  writeFileSync(join(folder, 'summary.md'), `${[...lines, ...rows].join('\n')}\n`);
}

await main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { fresh: { type: 'boolean' } } });
  for (const name of positionals)
    if (!steps[name]) throw new StepError(`There is no step "${name}": ${Object.keys(steps).join(', ')}`);
  if (values.fresh) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const now = commit();
  const state = before(now) ?? { commit: now, steps: {} };
  for (const name of positionals.length ? positionals : Object.keys(steps)) {
    const earlier = state.steps[name];
    if (earlier && !earlier.failed) {
      progress(`${name}: passed before`);
      continue;
    }
    progress(`${name}: node scripts/${steps[name].join(' ')}`);
    const begun = performance.now();
    const result = await runStep(name);
    state.steps[name] = { ...result, seconds: (performance.now() - begun) / 1000 };
    save(state);
    progress(`${name}: ${result.passed} passed, ${result.failed} failed`);
  }
  console.log(readFileSync(join(folder, 'summary.md'), 'utf8'));
  const sum = (what) => Object.values(state.steps).reduce((total, step) => total + step[what], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') ? 1 : 0;
});
