// Vitest's projects, as jobs.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, StepError } from '../steps/shell.mjs';
import { build, seedsOf, simulated, simulations, strictest } from './environment.mjs';
import { finished, runCaptured } from './jobs.mjs';

/** Vitest times out its tests itself; a run that hangs all the same is killed after this long. */
const minutes = 45;

/** The failed tests of a report, each with the beginning of its message; files that did not load; else where to look. */
function reasonsOf({ testResults }) {
  const reasons = [];
  for (const { name, message, assertionResults } of testResults) {
    const path = name.slice(root.length + 1);
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName, failureMessages } of failed)
      reasons.push(
        `${path}: ${fullName}`,
        ...failureMessages
          .join('\n')
          .split('\n', 4)
          .map((line) => `  ${line}`),
      );
    if (message && !failed.length) reasons.push(`${path}: ${message.split('\n', 1)}`);
  }
  return reasons.length ? reasons : ['an error outside of the tests: see above'];
}

/** `files`: those whose paths begin like that. It keeps two cores busy by itself. */
export function vitestJob(project, { title = '', env = {}, files = [], reporter = 'default' } = {}) {
  const name = `vitest ${project}${title}`;
  const report = join(build, `vitest-${name.replaceAll(/\W+/g, '-')}.json`);
  const run = async () => {
    rmSync(report, { force: true });
    const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', `--project=${project}`];
    args.push(...(files.length ? files : ['--passWithNoTests']));
    args.push(`--reporter=${reporter}`, '--reporter=json', `--outputFile.json=${report}`);
    const { status } = await runCaptured(process.execPath, args, { env, echo: true, minutes });
    if (!existsSync(report)) {
      const reasons = [`ended with ${status} before it wrote its report`]; // killed, or it did not come to run anything
      return { passed: 0, failed: 1, reasons };
    }
    const results = JSON.parse(readFileSync(report, 'utf8'));
    for (const file of results.testResults) {
      const seconds = (file.endTime - file.startTime) / 1000;
      finished.push({ name: `  ${file.name.slice(root.length + 1)}${title}`, seconds, passed: 0, failed: 0 });
    }
    // A file that does not load has no failed test, and an unhandled error fails neither.
    const failed = results.numFailedTests || results.numFailedTestSuites || (status === 0 ? 0 : 1);
    return { passed: results.numPassedTests, failed, reasons: failed ? reasonsOf(results) : [] };
  };
  return { name, cores: 2, run };
}

/** The API's tests with the simulated GPU as their device. */
export const apiOnSimulated = (way, files = ['test/api/']) =>
  vitestJob('fast', {
    title: ` on the simulated GPU${way}`,
    env: { ...simulated(build, simulations[way]), ...seedsOf(5), FRAMEPATH_DEVICE: 'cuda:0' },
    files,
  });

/** Those of the fast suite: each stage once, whole runs, a composition. */
export function apiInShort() {
  const files = ['pipeline', 'compose', 'compose-people', 'heads', 'analyzer-places', 'device-input', 'trace'].map(
    (name) => `test/api/${name}.test.ts`,
  );
  for (const file of files) if (!existsSync(join(root, file))) throw new StepError(`There is no ${file}`);
  return apiOnSimulated('', files);
}

export const apiStrictest = () => apiOnSimulated(strictest);

/** Random graphs of analyzers, as many as wanted: a line for every few hundred of them. */
export const graphsJob = (cases) =>
  vitestJob('fast', {
    title: `: ${cases} random graphs of analyzers`,
    env: { FRAMEPATH_GRAPH_CASES: `${cases}` },
    files: ['test/api/analyzer-graphs.test.ts'],
    reporter: 'verbose',
  });
