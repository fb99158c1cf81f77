/** Configures and places a pipeline's modules, before anything is opened. */
import type { DecidedSettings } from '../config.js';
import type { ModuleLevel } from '../module-settings.js';
import { type Module, opensModel } from '../modules/module.js';
import { checkStatedRuntime } from '../providers/stated-runtime.js';
import { runtimeLibraries } from '../runtime-library.js';
import { configureModules } from './configure.js';
import { withoutDisabled } from './disabled.js';
import { isolateModules } from './isolate.js';
import { Scans } from './scans.js';

export interface Placed {
  modules: Module[];
  /** name -> level of the configuration that disabled it */
  disabled: Map<string, string>;
  warnings: string[];
}

/** @throws CONFIG_INVALID, MODULE_UNUSABLE, MODULE_CONFLICT, RUNTIME_UNUSABLE */
export async function placeModules(
  given: readonly Module[],
  levels: readonly ModuleLevel[],
  settings: DecidedSettings,
): Promise<Placed> {
  const scans = new Scans();
  const { modules, disabled, unused } = await configureModules(given, levels, scans);
  const infers = withoutDisabled(modules, disabled).modules.some(({ spec }) => opensModel(spec));
  if (infers) await checkStatedRuntime(settings.runtimeLibrary.value);
  const inference = infers ? inferenceOf(settings) : undefined;
  const isolated = await isolateModules(modules, inference, scans);
  const warnings = unused.map(
    ({ module, from }) => `${from} names module '${module}', which this pipeline does not have`,
  );
  return { modules: isolated.modules, disabled, warnings: [...warnings, ...isolated.warnings] };
}

/** Libraries, device and providers that run models. */
export const inferenceOf = ({ runtimeLibrary, device, providers }: DecidedSettings) => ({
  libraries: runtimeLibraries(runtimeLibrary.value),
  device: device.value,
  providers: providers.value,
});
