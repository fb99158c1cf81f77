// The native test programs, as jobs: plain, under sanitizers, and on the simulated GPU.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps/shell.mjs';
import { seedsOf, simulated, simulations, strictest } from './environment.mjs';
import { runCaptured } from './jobs.mjs';

/** Programs with nothing to test without the simulated GPU. */
const onlySimulated = [
  'cuda_fault_test',
  'cuda_peer_test',
  'cuda_test',
  'media_hardware_test',
  'media_nvenc_test',
  'pipeline_video_test',
];
const withVideo = ['media_hardware_test', 'media_nvenc_test'];
/** Programs that test the CPU or, asked to, a GPU. */
const onDevice = [
  'compose_hdr_test',
  'conformance_test',
  'infer_box_decoder_test',
  'infer_head_test',
  'infer_integer_test',
  'infer_mask_test',
  'infer_provider_test',
  'infer_scene_test',
  'input_test',
  'live_canvas_test',
  'media_color_test',
  'media_hdr_test',
  'media_image_test',
  'media_read_test',
  'media_time_test',
  'pipeline_models_test',
  'window_test',
];
/** What the optimiser makes of these is what they test: sanitized builds do not replace them. */
export const optimised = [
  'bench_test',
  'compose_kernels_test',
  'conformance_test',
  'infer_box_decoder_test',
  'kernel_truth_test',
  'ptx_test',
];
/** Programs with threads of their own: ThreadSanitizer has nothing to find in others. */
export const threaded = [
  'core_test',
  'encoding_test',
  'engine_random_test',
  'engine_test',
  'external_test',
  'identity_test',
  'infer_test',
  'input_test',
  'live_canvas_test',
  'media_write_test',
  'pipeline_storm_test',
  'pipeline_test',
  'source_session_test',
  'window_test',
];
/** Random cases and runs: many times what the fast suite has. */
const atLength = (cases, runs) => ({ FRAMEPATH_PROPERTY_CASES: `${cases}`, FRAMEPATH_PIPELINE_RUNS: `${runs}` });

/** A program of `folder` as a job; its last line counts. */
function program(folder, name, { title = '', env = {}, minutes } = {}) {
  const run = async () => {
    const { status, output } = await runCaptured(join(folder, name), [], { env, minutes });
    const counts = /^(\d+) passed, (\d+) failed$/m.exec(output);
    const passed = Number(counts?.[1] ?? 0);
    let failed = Number(counts?.[2] ?? 0);
    if (status !== 0 && failed === 0) failed = 1; // crashed, or a sanitizer's report after the last line
    return { passed, failed, output };
  };
  return { name: `${name}${title}`, run };
}

/** Those in a build folder that test something without a GPU. */
export const programsIn = (folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('_test') && !onlySimulated.includes(file))
    .sort();

export const plainJobs = (folder, names = programsIn(folder)) => names.map((name) => program(folder, name));

/** The random tests of the scheduler, many more cases than usual. */
export const randomJobs = (folder) =>
  ['engine_random_test', 'pipeline_storm_test'].map((name) =>
    program(folder, name, { title: ', at length', env: { ...atLength(10_000, 300), ...seedsOf(1) } }),
  );

/** On the simulated GPU, in one of the ways of `simulations`. */
export function simulatedJobs(folder, way = '', { env = {}, title = '' } = {}) {
  const behaviour = { ...simulated(folder, env), ...simulations[way] };
  const how = ` on the simulated GPU${way}${title}`;
  const jobs = onDevice.map((name) => program(folder, name, { title: how, env: behaviour }));
  if (way === '') {
    const names = onlySimulated.map((name) => program(folder, name, { title: how, env: behaviour }));
    return [...names, ...jobs];
  }
  // With late pictures, without the faults. Whole runs take minutes where device memory is out of reach.
  const video = way === strictest ? withVideo : [...withVideo, 'pipeline_video_test'];
  const late = { ...behaviour, FRAMEPATH_FAULTS: 'none' };
  return [...jobs, ...video.map((name) => program(folder, name, { title: how, env: late }))];
}

/** Every fault of the simulated GPU's driver and codecs: each call, at several of its turns, in several ways. */
export const faultJobs = (folder) =>
  ['cuda_fault_test', 'media_hardware_test', 'media_nvenc_test', 'pipeline_video_test'].map((name) =>
    program(folder, name, {
      title: ', every fault of the simulated GPU',
      env: { ...simulated(folder), FRAMEPATH_FAULTS: 'all' },
      minutes: 120,
    }),
  );

const suppressions = (name) => `suppressions=${join(root, 'test/native', name)}`;

export const addressOptions = {
  ASAN_OPTIONS: 'detect_leaks=1:fast_unwind_on_malloc=0', // the libraries have no frame pointers: leaks need whole stacks
  LSAN_OPTIONS: `print_suppressions=0:${suppressions('lsan.supp')}`,
  UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:${suppressions('ubsan.supp')}`,
};

/** Under AddressSanitizer and UBSan, on the CPU and on the simulated GPU. */
export function addressJobs(folder) {
  const title = ' under ASan and UBSan';
  const env = { ...addressOptions, ...atLength(300, 60), ...seedsOf(2) };
  const jobs = programsIn(folder).map((name) => program(folder, name, { title, env }));
  const few = { ...env, FRAMEPATH_CASES: '20', ...seedsOf(3) };
  // LeakSanitizer's own tracer crashes in some of those that fork hundreds of processes. The simulator counts what is alive.
  const own = { ...few, ASAN_OPTIONS: few.ASAN_OPTIONS.replace('detect_leaks=1', 'detect_leaks=0') };
  for (const name of onlySimulated) {
    const faults = name === 'pipeline_video_test' && { FRAMEPATH_FAULTS: 'none' }; // each is a whole run
    const how = { ...simulated(folder, name === 'cuda_test' ? few : own), ...faults };
    jobs.push(program(folder, name, { title: ` on the simulated GPU${title}`, env: how }));
  }
  const strict = { ...simulated(folder, few), ...simulations[strictest], FRAMEPATH_FAULTS: 'none' };
  for (const name of onDevice)
    jobs.push(program(folder, name, { title: ` on the simulated GPU${strictest}${title}`, env: strict }));
  return jobs;
}

/** The video codecs of the simulated GPU, late and strict: too slow under sanitizers. */
export const lateVideoJobs = (folder) =>
  withVideo.map((name) =>
    program(folder, name, {
      title: ` on the simulated GPU${strictest}`,
      env: { ...simulated(folder), ...simulations[strictest], FRAMEPATH_FAULTS: 'none' },
    }),
  );

export const threadJobs = (folder) =>
  threaded.map((name) =>
    program(folder, name, {
      title: ' under TSan',
      env: { TSAN_OPTIONS: `halt_on_error=1:${suppressions('tsan.supp')}`, ...atLength(2000, 120), ...seedsOf(4) },
    }),
  );
