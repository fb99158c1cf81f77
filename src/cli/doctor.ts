/** `framepath doctor`: facts of this machine, and the level of configuration that decided each setting. */
import { existsSync } from 'node:fs';
import { loadAddon } from '../addon.js';
import { type Decided, type DecidedSettings, loadConfiguration } from '../config.js';
import { type FramepathError, toFramepathError } from '../errors.js';
import { resolvePlan } from '../explain/explanation.js';
import type { Decision, Plan } from '../generated/plan.js';
import type { BundledLibraries, GpuVideo, MachineFindings } from '../generated/results.js';
import { modelPath } from '../model-file.js';
import { decided, type ModuleLevel } from '../module-settings.js';
import { planRun } from '../plan.js';
import { type ProbeFinding, probe } from '../providers/probe.js';
import { gpuProviders, type Provider } from '../providers/provider.js';
import { checkStatedRuntime } from '../providers/stated-runtime.js';
import { runtimeLibraries } from '../runtime-library.js';
import { type Command, json, readArguments, UsageError } from './command.js';
import { gpuLines } from './gpus.js';

const usage = `Usage: framepath doctor [--json]

Reports what this machine has: libav and its codecs, ONNX Runtime, devices, GPU readings, models; and which level of the
configuration decided each setting. Exit status 1 when something that every run needs is missing.
`;

interface Findings {
  node: string;
  settings: DecidedSettings;
  /** configuration of modules, by name and setting */
  modules: Record<string, Record<string, { value: unknown; from: string }>>;
  native: MachineFindings | undefined;
  /** of a run with these settings */
  plan: Plan | undefined;
  /** execution providers of the GPU; empty without one */
  providers: ({ provider: Provider } & ProbeFinding)[];
  models: { name: string; file: string; installed: boolean }[];
  problems: FramepathError[];
}

/** A run of which only the settings count. */
const nothing = { sources: [], modules: [], compositions: [], keepPixels: false, snapshots: false, trace: false };

async function examine(): Promise<Findings> {
  const { settings, modules: levels } = await loadConfiguration({});
  const problems: FramepathError[] = [];
  let native: MachineFindings | undefined;
  let plan: Plan | undefined;
  try {
    await checkStatedRuntime(settings.runtimeLibrary.value);
    const request = JSON.stringify({ runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value) });
    native = JSON.parse(await loadAddon().doctor(request)) as MachineFindings;
    if ('error' in native.runtime)
      problems.push(toFramepathError(Object.assign(new Error(native.runtime.error.message), native.runtime.error)));
  } catch (error) {
    problems.push(toFramepathError(error));
  }
  try {
    if (native) plan = await resolvePlan(planRun(nothing, [], settings));
  } catch (error) {
    problems.push(toFramepathError(error));
  }
  const providers = native?.cuda.usable ? await examineProviders(settings) : [];
  const { registry } = await import('@framepath/models');
  const models = registry.map(({ name, file }) => {
    const path = modelPath(file, settings.modelsFolder.value);
    return { name, file: path, installed: existsSync(path) };
  });
  return { node: process.version, settings, modules: modulesOf(levels), native, plan, providers, models, problems };
}

function modulesOf(levels: readonly ModuleLevel[]): Findings['modules'] {
  const names = new Set(levels.flatMap(({ modules }) => Object.keys(modules)));
  const settingsOf = (name: string) => {
    const { settings, decidedBy } = decided(name, levels);
    return Object.entries(settings).map(([key, value]) => [key, { value, from: decidedBy[key] }]);
  };
  return Object.fromEntries([...names].map((name) => [name, Object.fromEntries(settingsOf(name))]));
}

function moduleLines(modules: Findings['modules']): string[] {
  const lines = Object.entries(modules).flatMap(([name, settings]) =>
    Object.entries(settings).map(([key, { value, from }]) => `  ${name}.${key}: ${JSON.stringify(value)}  (${from})\n`),
  );
  return lines.length > 0 ? ['modules:\n', ...lines] : [];
}

/** Probes each in a child process, ignoring cached findings. */
async function examineProviders(settings: DecidedSettings): Promise<Findings['providers']> {
  const findings: Findings['providers'] = [];
  for (const provider of gpuProviders) {
    const request = { provider, device: 'cuda:0', runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value) };
    findings.push({ provider, ...(await probe(request)) });
  }
  return findings;
}

function providerLines(providers: Findings['providers']): string[] {
  if (providers.length === 0) return [];
  const how = ({ state, reason }: ProbeFinding) =>
    state === 'works' ? 'works' : `${state === 'fails' ? 'does not work' : state}. ${reason}`;
  return ['models on cuda:0:\n', ...providers.map((one) => `  ${one.provider}: ${how(one)}\n`)];
}

function stepLines({ name, works, result, hint }: MachineFindings['cuda']['steps'][number]): string {
  if (works) return `    ${name}: ${result}\n`;
  return `    ${name}: does not work. ${result}\n${hint ? `      ${hint}\n` : ''}`;
}

/** @internal */
export function nativeLines({ libav, bundle, encoders, runtime, devices, cuda, nvml }: MachineFindings): string[] {
  const pairs = (of: Record<string, string>) =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  return [
    `libav: ${pairs(libav)}\n`,
    ...(bundle ? bundleLines(bundle) : []),
    `encoders: ${pairs(encoders)}\n`,
    `ONNX Runtime: ${'error' in runtime ? 'none' : `${runtime.version}, ${runtime.path}`}\n`,
    ...('error' in runtime || !runtime.path.includes('@framepath/onnxruntime-')
      ? []
      : ['  for the CPU; for models on a GPU: npm install onnxruntime-node (docs/gpu.md)\n']),
    'devices:\n',
    ...devices.map(({ id, description }) => `  ${id}: ${description ?? 'not usable'}\n`),
    ...cuda.steps.map(stepLines),
    ...(cuda.video ? videoLines(cuda.video) : []),
    ...('error' in nvml ? [`GPU readings: none. ${nvml.error}\n`] : gpuLines(nvml.gpus, nvml.unreadable)),
  ];
}

function bundleLines({ name, licence, ffmpeg, configure, sources }: BundledLibraries): string[] {
  return [
    `  ${name}, FFmpeg ${ffmpeg}, ${licence}\n`,
    `  configured: ${configure}\n`,
    ...sources.map((one) => `  ${one.name} ${one.version}, ${one.licence}: ${one.file}, sha256 ${one.sha256}\n`),
  ];
}

function videoLines({ decodes, decodesNothing, encodes }: GpuVideo): string[] {
  const size = ([width, height]: [number, number]) => `${width}x${height}`;
  return [
    ...(decodesNothing ? [`    decodes nothing: ${decodesNothing}\n`] : []),
    ...decodes.map(
      ({ codec, chroma, depth, from, to }) =>
        `    decodes ${codec} ${chroma} ${depth}-bit, ${size(from)} to ${size(to)}\n`,
    ),
    ...Object.entries(encodes).map(([codec, can]) => `    encodes ${codec}${can === true ? '' : `: no, ${can}`}\n`),
  ];
}

/** A setting as a run would have it: what is open has the reason of the plan. */
function settingLine([name, { value, from }]: [string, Decided<unknown>], plan: Plan | undefined): string {
  const planned = plan?.[name as keyof Plan] as Decision<unknown> | undefined;
  const has = planned?.value !== undefined && planned.value !== null;
  return `  ${name}: ${planned?.value ?? planned?.why ?? value ?? 'found by probing'}  (${has ? planned.why : from})\n`;
}

function lines({ node, settings, modules, native, plan, providers, models, problems }: Findings): string {
  const decidedSettings = Object.entries(settings).map((setting) => settingLine(setting, plan));
  const files = models.map(
    ({ name, file, installed }) => `  ${name}: ${installed ? file : 'not generated (npm run setup)'}\n`,
  );
  const wrong = problems.map(({ code, message, hint }) => `${code}: ${message}\n${hint ? `  ${hint}\n` : ''}`);
  return [
    `node: ${node}\n`,
    ...(native ? nativeLines(native) : []),
    ...providerLines(providers),
    'settings:\n',
    ...decidedSettings,
    ...moduleLines(modules),
    'models:\n',
    ...files,
    ...wrong,
  ].join('');
}

export const doctor: Command = {
  summary: 'what this machine has, and what decided each setting',
  usage,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' } });
    if (positionals.length > 0) throw new UsageError(`Expected no argument but received '${positionals[0]}'`);
    const findings = await examine();
    terminal.out(values.json ? json(findings) : lines(findings));
    return findings.problems.length > 0 ? 1 : 0;
  },
};
