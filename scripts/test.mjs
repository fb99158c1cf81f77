// Set-up, then every test, with one count at the end: the native test programs, those about a GPU on the simulated one,
// and vitest; with --full the long ones instead: the programs under AddressSanitizer + UBSan and under ThreadSanitizer, and the
// long vitest project; with --simulator only what runs on the simulated GPU; with --graphs [N] N (10,000) random graphs of
// analyzers; with --faults every fault of the simulated GPU's driver and codecs instead of a few of each kind.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { buildSanitized } from './steps/native-build.mjs';
import { main, root, StepError, say } from './steps/shell.mjs';
import { ensureSystemPackages, ensureTestPackages, hasSimulatedVideo } from './steps/system-packages.mjs';

const runtime = join(root, 'node_modules/onnxruntime-node/bin/napi-v6/linux', process.arch, 'libonnxruntime.so.1');
/** What the tests need to find ONNX Runtime, models and, where there are any, evaluation data. */
const environment = { FRAMEPATH_ORT_LIBRARY: runtime, FRAMEPATH_MODELS: join(root, 'models') };
const evaluationData = join(root, '../shared/eval');
if (!process.env.FRAMEPATH_EVAL_DATA && existsSync(evaluationData)) environment.FRAMEPATH_EVAL_DATA = evaluationData;

/** A program that hangs is killed after this long and counts as failed; so is vitest, which times out its tests itself. */
const programMinutes = 15;
const vitestMinutes = 45;

function spawnCaptured(command, args, env, { echo = false, minutes = programMinutes } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: minutes * 60_000,
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

/** Programs that have nothing to say without the simulated GPU; those of them that run where work is late too; and what else
 * runs there. */
const onlySimulated = [
  'cuda_test',
  'cuda_fault_test',
  'cuda_peer_test',
  'media_hardware_test',
  'media_nvenc_test',
  'pipeline_video_test',
];
const withVideo = ['media_hardware_test', 'media_nvenc_test'];
const onDevice = [
  'conformance_test',
  'infer_box_decoder_test',
  'infer_head_test',
  'infer_integer_test',
  'infer_mask_test',
  'infer_provider_test',
  'infer_scene_test',
  'input_test',
  'media_image_test',
  'media_read_test',
  'media_time_test',
  'pipeline_models_test',
  'window_test',
];

/** How work behaves there: at once; late, so that missing fences show; and out of reach for host code. */
const simulations = {
  '': {},
  ', late': { FRAMEPATH_SIM_LAZY: '1' },
  ', late and strict': { FRAMEPATH_SIM_LAZY: '1', FRAMEPATH_SIM_STRICT: '1' },
};

const strictest = ', late and strict';

/** On the simulated GPU (test/simulator/simulator.h). */
function simulated(folder, env = {}) {
  const path = [join(folder, 'simulator'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    LD_LIBRARY_PATH: path,
    REQUIRE_CUDA: '1',
    FRAMEPATH_TEST_DEVICE: 'cuda:0',
    FRAMEPATH_CASES: '60',
    FRAMEPATH_ORT_LIBRARY: join(folder, 'simulator/ort/libonnxruntime.so.1'),
    FRAMEPATH_SIM_ORT_REAL: runtime,
    ...(hasSimulatedVideo() && { REQUIRE_VIDEO: '1' }),
    ...env,
  };
}

/** With video codecs, whose pictures are late; without the faults, which take minutes there. */
const runVideoLate = (folder, title) => {
  // Whole runs take minutes where device memory is out of reach.
  const names = title === strictest ? withVideo : [...withVideo, 'pipeline_video_test'];
  const late = { ...simulated(folder), ...simulations[title], FRAMEPATH_FAULTS: 'none' };
  return runPrograms(` with video codecs${title}`, folder, { env: late, names });
};

async function runSimulated(folder, { env = {}, ways = Object.keys(simulations), sanitized = false } = {}) {
  const parts = [];
  const base = simulated(folder, env);
  // For those that fork hundreds of processes: LeakSanitizer's own tracer crashes in some. The simulator counts what is alive.
  const own = { ...base, ASAN_OPTIONS: base.ASAN_OPTIONS?.replace('detect_leaks=1', 'detect_leaks=0') };
  for (const name of onlySimulated) {
    const how = { env: name === 'cuda_test' ? base : own, names: [name] };
    if (sanitized && name === 'pipeline_video_test') how.env = { ...own, FRAMEPATH_FAULTS: 'none' }; // each is a whole run
    parts.push(await runPrograms(' on the simulated GPU', folder, how));
  }
  for (const title of ways) {
    const behaviour = simulations[title];
    const how = {
      env: { ...base, ...behaviour, ...(sanitized && { FRAMEPATH_FAULTS: 'none' }) },
      names: onDevice,
      atOnce: sanitized ? 2 : 1,
    };
    parts.push(await runPrograms(` on the simulated GPU${title}`, folder, how));
    if (title && !sanitized) parts.push(await runVideoLate(folder, title));
  }
  return parts;
}

/** The tests of the API with the simulated GPU as their device; `files`: those whose paths begin like that. */
const runApiSimulated = (title, files = ['test/api/']) =>
  runVitest(['fast'], {
    title: ` on the simulated GPU${title}`,
    env: { ...simulated(join(root, 'build'), simulations[title]), FRAMEPATH_DEVICE: 'cuda:0' },
    files,
  });

/** Those of the fast suite: each stage once, whole runs, a composition. */
const apiInShort = ['pipeline', 'compose', 'compose-people', 'heads', 'analyzer-places', 'device-input', 'trace'].map(
  (name) => `test/api/${name}.test.ts`,
);

/** Random graphs of analyzers, as many as wanted: a line for every few hundred of them. */
const runGraphs = (cases) =>
  runVitest(['fast'], {
    title: `: ${cases} random graphs of analyzers`,
    env: { FRAMEPATH_GRAPH_CASES: `${cases}` },
    files: ['test/api/analyzer-graphs.test.ts'],
    reporter: 'verbose',
  });

/** Programs that make calls of the simulated driver and codecs fail: each call, at several of its turns, in several ways. */
const withFaults = ['cuda_fault_test', 'media_hardware_test', 'media_nvenc_test', 'pipeline_video_test'];
const runFaults = (folder) =>
  runPrograms(', every fault of the simulated GPU', folder, {
    env: { ...simulated(folder), FRAMEPATH_FAULTS: 'all' },
    names: withFaults,
    minutes: 120,
  });

/** Runs one native test program; what it says is shown when it fails, what it skipped always. */
async function runProgram(folder, name, env, minutes) {
  const begun = performance.now();
  const { status, output } = await spawnCaptured(join(folder, name), [], env, { minutes });
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(output);
  const passed = Number(counts?.[1] ?? 0);
  let failed = Number(counts?.[2] ?? 0);
  if (status !== 0 && failed === 0) failed = 1; // crashed, or a sanitizer's report after the last line
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`${failed ? 'FAILED' : 'ok'} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
  if (failed) process.stdout.write(output);
  else for (const reason of new Set(output.match(/^ *skipped: .*/gm))) console.log(reason);
  return { passed, failed };
}

const programsIn = (folder) =>
  readdirSync(folder).filter((file) => file.endsWith('_test') && !onlySimulated.includes(file));

/** `atOnce`: so many programs at a time; most of them keep one core busy, if any. */
async function runPrograms(
  title,
  folder,
  { env = {}, names = programsIn(folder), minutes = programMinutes, atOnce = 1 } = {},
) {
  say(`native tests${title}`);
  const total = { passed: 0, failed: 0 };
  const left = [...names].sort();
  const runRest = async () => {
    for (let name = left.shift(); name; name = left.shift()) {
      const { passed, failed } = await runProgram(folder, name, env, minutes);
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runRest));
  return total;
}

async function runVitest(projects, { title = '', env = {}, files = [], reporter = 'default' } = {}) {
  say(`vitest: ${projects.join(', ')}${title}`);
  const report = join(root, 'build/vitest.json');
  rmSync(report, { force: true });
  mkdirSync(join(root, 'build'), { recursive: true });
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...projects.map((name) => `--project=${name}`),
    ...(files.length ? files : ['--passWithNoTests']),
  ];
  args.push(`--reporter=${reporter}`, '--reporter=json', `--outputFile.json=${report}`);
  const { status } = await spawnCaptured(process.execPath, args, env, { echo: true, minutes: vitestMinutes });
  if (!existsSync(report)) return { passed: 0, failed: 1 }; // it was killed, or did not come to run anything
  const { numPassedTests: passed, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not load has no failed test, and an unhandled error fails neither.
  const failed = numFailedTests || numFailedTestSuites || (status === 0 ? 0 : 1);
  return { passed, failed };
}

const suppressions = (name) => `suppressions=${join(root, 'test/native', name)}`;

/** Random cases and runs, many times what the fast suite has. */
const atLength = (cases, runs) => ({ FRAMEPATH_PROPERTY_CASES: `${cases}`, FRAMEPATH_PIPELINE_RUNS: `${runs}` });

/** Programs with threads of their own: under TSan the others have nothing to say. */
const threaded = [
  'core_test',
  'encoding_test',
  'engine_random_test',
  'engine_test',
  'external_test',
  'identity_test',
  'infer_test',
  'input_test',
  'media_write_test',
  'pipeline_storm_test',
  'pipeline_test',
  'window_test',
];

async function runSanitized() {
  const names = programsIn(join(root, 'build')).filter(
    (name) => name === 'engine_random_test' || name === 'pipeline_storm_test',
  );
  // They sleep more than they work: meanwhile the next ones are built.
  const [plain, asan] = await Promise.all([
    runPrograms(': the random tests at length', join(root, 'build'), { env: atLength(10_000, 300), names }),
    buildSanitized('asan', 'address,undefined'),
  ]);
  const asanOptions = {
    ASAN_OPTIONS: 'detect_leaks=1:fast_unwind_on_malloc=0', // the libraries have no frame pointers: leaks need whole stacks
    LSAN_OPTIONS: `print_suppressions=0:${suppressions('lsan.supp')}`,
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    ...atLength(300, 60),
  };
  const addresses = await runPrograms(' under ASan and UBSan', asan, { env: asanOptions, atOnce: 2 });
  const onGpu = await runSimulated(asan, {
    env: { ...asanOptions, FRAMEPATH_CASES: '20' },
    ways: [strictest],
    sanitized: true,
  });
  onGpu.push(await runVideoLate(join(root, 'build'), strictest));
  const tsan = await buildSanitized('tsan', 'thread', threaded);
  const tsanOptions = { TSAN_OPTIONS: `halt_on_error=1:${suppressions('tsan.supp')}`, ...atLength(2000, 120) };
  const threads = await runPrograms(' under TSan', tsan, { env: tsanOptions, names: threaded });
  return [plain, addresses, ...onGpu, threads];
}

await main(async () => {
  const full = process.argv.includes('--full');
  const parts = [];
  await ensureSystemPackages();
  await ensureTestPackages();
  await setUp('native_tests');
  const graphs = process.argv.indexOf('--graphs');
  if (graphs > 0) {
    const cases = Number(process.argv[graphs + 1] ?? 10_000);
    if (!(Number.isInteger(cases) && cases > 0)) throw new StepError('Give --graphs a number of graphs, or none');
    parts.push(await runGraphs(cases));
  } else if (process.argv.includes('--faults')) {
    parts.push(await runFaults(join(root, 'build')));
  } else if (process.argv.includes('--simulator')) {
    parts.push(...(await runSimulated(join(root, 'build'))));
    for (const title of Object.keys(simulations)) parts.push(await runApiSimulated(title));
  } else if (full) {
    parts.push(...(await runSanitized()));
    parts.push(await runApiSimulated(strictest));
    parts.push(await runVitest(['full']));
  } else {
    parts.push(await runPrograms('', join(root, 'build')));
    for (const file of apiInShort) if (!existsSync(join(root, file))) throw new StepError(`There is no ${file}`);
    parts.push(...(await runSimulated(join(root, 'build'), { ways: [''] })));
    parts.push(await runApiSimulated('', apiInShort));
    parts.push(await runVitest(['fast']));
  }
  const passed = parts.reduce((sum, part) => sum + part.passed, 0);
  const failed = parts.reduce((sum, part) => sum + part.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
});
