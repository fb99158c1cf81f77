/** The `FRAMEPATH_*` environment variables, and a warning about unknown ones. */
import { didYouMean } from './did-you-mean.js';

/** The variables that a user may set, with their descriptions. */
export const variables: Readonly<Record<string, string>> = {
  FRAMEPATH_CONFIG: 'path of the configuration file',
  FRAMEPATH_ENV: 'environment section of the configuration file; default NODE_ENV',
  FRAMEPATH_ADDON: 'path of the native addon, instead of that of the package (a debug or sanitizer build)',
  FRAMEPATH_AV: "system: the prebuilt addon uses the system's FFmpeg libraries (7.x), not those of its package",
  FRAMEPATH_DEEPBIND: 'off: the prebuilt addon and its libraries do not prefer their own symbols (AddressSanitizer)',
  FRAMEPATH_DEVICE: 'device: auto, cpu or cuda:N',
  FRAMEPATH_MEMORY_LIMIT: 'memoryLimit, bytes',
  FRAMEPATH_ORT_LIBRARY: 'runtime.library: path of ONNX Runtime',
  FRAMEPATH_PROVIDERS: 'runtime.providers, separated by commas',
  FRAMEPATH_MODELS: 'modelsFolder',
  FRAMEPATH_IN_FLIGHT: 'inFlight, frames',
  FRAMEPATH_RESULT_QUEUE: 'resultQueue, results',
  FRAMEPATH_MAX_ENCODER_SESSIONS: 'maxEncoderSessions',
  FRAMEPATH_ISA: 'instruction set of the kernels: baseline, avx2 or avx512',
  FRAMEPATH_CUDA_CACHE: 'off: freed device memory is not cached for reuse',
  FRAMEPATH_CUDA_STREAMS: 'one: all queues of a GPU share a stream',
};

/** Variables of the project's tests, fuzzing, evaluation, simulator and GPU bundles; a name that ends in _ is a prefix. */
const internal: readonly string[] = [
  'FRAMEPATH_BUNDLE_JOBS',
  'FRAMEPATH_CASES',
  'FRAMEPATH_EVAL_DATA',
  'FRAMEPATH_FATBIN',
  'FRAMEPATH_FAULTS',
  'FRAMEPATH_FUZZ_',
  'FRAMEPATH_GRAPH_CASES',
  'FRAMEPATH_HOST_LD_LIBRARY_PATH',
  'FRAMEPATH_MEMORY_HOURS',
  'FRAMEPATH_PACK',
  'FRAMEPATH_PIPELINE_',
  'FRAMEPATH_PROPERTY_',
  'FRAMEPATH_REQUIRE',
  'FRAMEPATH_SEED',
  'FRAMEPATH_SIM_',
  'FRAMEPATH_TEST_',
];

/** Whether the variable is known. */
export const isVariable = (name: string): boolean =>
  Object.hasOwn(variables, name) || internal.some((one) => (one.endsWith('_') ? name.startsWith(one) : name === one));

const reported = new Set<string>();

/** Warns once of every unknown variable that begins with `FRAMEPATH_`. */
export function warnOfUnknownVariables(
  env: NodeJS.ProcessEnv,
  warn: (sentence: string) => void = (sentence) =>
    process.emitWarning(sentence, { type: 'FramepathWarning', code: 'FRAMEPATH_UNKNOWN_VARIABLE' }),
): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('FRAMEPATH_') || isVariable(name) || reported.has(name)) continue;
    reported.add(name);
    warn(`There is no variable ${name}: it changes nothing${didYouMean(name, Object.keys(variables)) || '.'}`);
  }
}
