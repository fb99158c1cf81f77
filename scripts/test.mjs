// Set-up, then tests, with one count at the end.
//   npm test                 the native programs, those about a GPU on the simulated one, and vitest's fast project
//   npm run test:full        the programs under AddressSanitizer + UBSan and under ThreadSanitizer, the fuzz targets for 15 s each,
//                            the API on the simulated GPU, and vitest's long project
//   npm run test:ci          both, but what runs under a sanitizer not again without one
//   npm run test:nightly     what is too long for every commit: scripts/nightly.mjs
//   npm run test:simulator   only what runs on the simulated GPU, in three ways
//   npm run test:graphs      10,000 random graphs of analyzers; -- N: so many
//   npm run test:faults      every fault of the simulated GPU's driver and codecs instead of a few of each kind
// What is random begins at FRAMEPATH_SEED, by default a number of the commit. docs/testing.md has the times.
import { setUp } from './setup.mjs';
import { buildSanitized } from './steps/native-build.mjs';
import { main, progress, StepError } from './steps/shell.mjs';
import { ensureSystemPackages, ensureTestPackages } from './steps/system-packages.mjs';
import { addonUnderAsan } from './tests/addon-under-asan.mjs';
import { build, seed, simulations } from './tests/environment.mjs';
import { fuzzJob } from './tests/fuzz.mjs';
import { finished, printFailures, printTimes, runJobs } from './tests/jobs.mjs';
import {
  addressJobs,
  faultJobs,
  lateVideoJobs,
  optimised,
  plainJobs,
  randomJobs,
  simulatedJobs,
  threaded,
  threadJobs,
} from './tests/programs.mjs';
import { apiInShort, apiOnSimulated, apiStrictest, graphsJob, vitestJob } from './tests/vitest.mjs';

async function fast() {
  await runJobs('native tests', [...plainJobs(build), ...simulatedJobs(build)]);
  await runJobs('vitest', [vitestJob('fast'), apiInShort()]);
}

/** What test:full and test:ci share. */
async function long() {
  const asan = await buildSanitized('asan', 'address,undefined', ['native_tests', 'addon', 'fuzz_targets']);
  await runJobs('native tests under ASan and UBSan', [...addressJobs(asan), ...lateVideoJobs(build)]);
  await runJobs('the addon under ASan and UBSan', [addonUnderAsan(asan)]);
  await runJobs('fuzzing', [fuzzJob()]);
  const tsan = await buildSanitized('tsan', 'thread', threaded);
  await runJobs('native tests under TSan', threadJobs(tsan));
  await runJobs('vitest', [apiStrictest(), vitestJob('full')]);
}

async function ci() {
  await runJobs('native tests', plainJobs(build, optimised));
  await runJobs('vitest', [vitestJob('fast')]);
  await long();
}

async function simulator() {
  for (const way of Object.keys(simulations)) {
    await runJobs(`native tests on the simulated GPU${way}`, simulatedJobs(build, way));
    await runJobs('vitest', [apiOnSimulated(way)]);
  }
}

async function graphs() {
  const cases = Number(process.argv[process.argv.indexOf('--graphs') + 1] ?? 10_000);
  if (!(Number.isInteger(cases) && cases > 0)) throw new StepError('Give --graphs a number of graphs, or none');
  await runJobs('vitest', [graphsJob(cases)]);
}

async function nightly() {
  await runJobs('the random tests at length', randomJobs(build));
  await runJobs('vitest', [vitestJob('nightly')]);
}

const faults = () => runJobs('every fault of the simulated GPU', faultJobs(build));

const suites = {
  '--full': long,
  '--ci': ci,
  '--nightly': nightly,
  '--simulator': simulator,
  '--graphs': graphs,
  '--faults': faults,
};

await main(async () => {
  const suite = suites[process.argv[2]] ?? fast;
  progress(`random cases from ${seed} on; again: FRAMEPATH_SEED=${seed}`);
  await ensureSystemPackages();
  await ensureTestPackages();
  await setUp('native_tests');
  await suite();
  printTimes();
  printFailures();
  const sum = (what) => finished.reduce((total, job) => total + job[what], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') ? 1 : 0;
});
