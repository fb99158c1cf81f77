/**
 * Settings of the machine. The first that has one wins: the caller's options, `FRAMEPATH_*` variables, the chosen
 * environment of `framepath.config.{mjs,json}`, the rest of that file, what probing finds, a safe default.
 */
import { resolve } from 'node:path';
import { type FileLevel, fileLevels } from './config-file.js';
import { warnOfUnknownVariables } from './environment.js';
import { FramepathError } from './errors.js';
import type { EncoderSessions } from './generated/enums.js';
import { runSettingsDefaults, runSettingsRules } from './generated/rules.js';
import type { RunSettings } from './generated/specs.js';
import { userModels } from './model-file.js';
import { type ModuleLevel, type ModuleSettings, moduleSettingsRule } from './module-settings.js';
import { type Provider, providers } from './providers/provider.js';
import { fields, list, oneOf, type Rule, text, unexpected } from './validate.js';

/** Options of a run, and the content of a configuration file. */
export interface Settings extends RunSettings {
  /** `'auto'`, `'cpu'` or `'cuda:N'`; default `'auto'` */
  device?: string;
  /** where ONNX Runtime is; default: the installed `onnxruntime-node`, then the system's */
  runtime?: {
    library?: string;
    /** what may run models on a GPU, in the order in which it is tried; default all: TensorRT, CUDA, the CPU */
    providers?: Provider[];
  };
  /** folder of models known by name, before those of the package; default: `$XDG_DATA_HOME/framepath/models` */
  modelsFolder?: string;
  /**
   * how modules run, by name: what their place of use leaves open, and which of them are left out (`enabled: false`). Names
   * that a pipeline does not have are left alone.
   */
  modules?: Record<string, ModuleSettings>;
}

/** The content of `framepath.config.{mjs,json}`: settings, and named environments that override them. */
export interface ConfigFile extends Settings {
  /** settings by name; `FRAMEPATH_ENV` (else `NODE_ENV`) chooses */
  environments?: Record<string, Settings>;
}

/** A setting and who decided it. */
export interface Decided<T> {
  value: T;
  /** e.g. `options`, `FRAMEPATH_DEVICE`, `framepath.config.mjs (production)`, `default` */
  from: string;
}

/** All settings with who decided each. */
export type DecidedSettings = {
  device: Decided<string>;
  memoryLimit: Decided<number | undefined>;
  runtimeLibrary: Decided<string | undefined>;
  providers: Decided<readonly Provider[] | undefined>;
  modelsFolder: Decided<string>;
  inFlight: Decided<number>;
  resultQueue: Decided<number>;
  keptFrames: Decided<number>;
  maxPending: Decided<number>;
  maxEncoderSessions: Decided<number | undefined>;
  encoderSessions: Decided<EncoderSessions>;
};

const device: Rule = (name, value) => {
  if (typeof value !== 'string' || !/^(auto|cpu|cuda:\d+)$/.test(value))
    throw unexpected('one of auto, cpu, cuda:N', name, value); // gpu is not cpu misspelt
};

/** @internal */
export const settingRules: Record<string, Rule> = {
  device,
  runtime: (name, value) => fields(name, value, { library: text, providers: list(oneOf(...providers), 1) }),
  modelsFolder: text,
  ...runSettingsRules,
  modules: moduleSettingsRule,
};

type Level = FileLevel<Settings>;

/** All that is configured. */
export interface Configuration {
  settings: DecidedSettings;
  /** settings of modules, the level that wins first */
  modules: ModuleLevel[];
}

/** The configuration of a run started in `folder`. @throws CONFIG_INVALID */
export async function loadConfiguration(
  options: Settings,
  folder = process.cwd(),
  env = process.env,
): Promise<Configuration> {
  warnOfUnknownVariables(env);
  const levels: Level[] = [
    { from: 'options', settings: options },
    ...environmentLevels(env),
    ...(await fileLevels(folder, env, settingRules)),
  ];
  const modules = levels.flatMap(({ from, settings }) =>
    settings.modules ? [{ from, modules: settings.modules }] : [],
  );
  return { settings: decideSettings(levels), modules };
}

/** The settings of a run started in `folder`. @throws CONFIG_INVALID */
export async function loadSettings(
  options: Settings,
  folder = process.cwd(),
  env = process.env,
): Promise<DecidedSettings> {
  return (await loadConfiguration(options, folder, env)).settings;
}

function decideSettings(levels: readonly Level[]): DecidedSettings {
  const decide = <T>(read: (settings: Settings) => T | undefined, fallback: T): Decided<T> => {
    for (const { from, settings } of levels) {
      const value = read(settings);
      if (value !== undefined) return { value, from };
    }
    return { value: fallback, from: 'default' };
  };
  return {
    device: decide((s) => s.device, 'auto'),
    memoryLimit: decide<number | undefined>((s) => s.memoryLimit, undefined),
    runtimeLibrary: decide<string | undefined>((s) => s.runtime?.library, undefined),
    providers: decide<readonly Provider[] | undefined>((s) => s.runtime?.providers, undefined),
    modelsFolder: decide((s) => s.modelsFolder, userModels()),
    inFlight: decide<number>((s) => s.inFlight, runSettingsDefaults.inFlight),
    resultQueue: decide<number>((s) => s.resultQueue, runSettingsDefaults.resultQueue),
    keptFrames: decide<number>((s) => s.keptFrames, runSettingsDefaults.keptFrames),
    maxPending: decide<number>((s) => s.maxPending, runSettingsDefaults.maxPending),
    maxEncoderSessions: decide<number | undefined>((s) => s.maxEncoderSessions, undefined),
    encoderSessions: decide<EncoderSessions>((s) => s.encoderSessions, runSettingsDefaults.encoderSessions),
  };
}

/** One level a variable, so that it can be named. */
function environmentLevels(env: NodeJS.ProcessEnv): Level[] {
  const levels: Level[] = [];
  const take = (variable: string, settings: (value: string) => Settings) => {
    const value = env[variable];
    if (value === undefined || value === '') return;
    try {
      fields('options', settings(value), settingRules);
    } catch (cause) {
      throw new FramepathError('CONFIG_INVALID', `${variable} cannot be used: ${(cause as Error).message}`, { cause });
    }
    levels.push({ from: variable, settings: settings(value) });
  };
  take('FRAMEPATH_DEVICE', (value) => ({ device: value }));
  take('FRAMEPATH_MEMORY_LIMIT', (value) => ({ memoryLimit: Number(value) }));
  take('FRAMEPATH_ORT_LIBRARY', (value) => ({ runtime: { library: value } }));
  take('FRAMEPATH_PROVIDERS', (value) => ({ runtime: { providers: value.split(',') as Provider[] } }));
  take('FRAMEPATH_MODELS', (value) => ({ modelsFolder: resolve(value) }));
  take('FRAMEPATH_IN_FLIGHT', (value) => ({ inFlight: Number(value) }));
  take('FRAMEPATH_RESULT_QUEUE', (value) => ({ resultQueue: Number(value) }));
  take('FRAMEPATH_MAX_ENCODER_SESSIONS', (value) => ({ maxEncoderSessions: Number(value) }));
  return levels;
}
