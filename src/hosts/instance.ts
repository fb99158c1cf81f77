/** An analyzer in use, in any thread or process. */
import { pathToFileURL } from 'node:url';
import { FramepathError, messageOf } from '../errors.js';
import { type AnalyzerDefinition, checkDefinition, type FrameFacts } from '../modules/definition.js';
import { fitting } from '../modules/schema.js';

/** The analyzer that a file exports: its default export, or the only one that has an `analyze`. @throws MODULE_UNUSABLE */
export async function loadDefinition(file: string): Promise<AnalyzerDefinition> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw unusable(`The analyzer ${file} cannot be loaded: ${messageOf(cause)}`, cause);
  }
  const analyzers = new Set(Object.values({ ...exported, default: exported.default }).filter(isAnalyzer));
  const [only] = isAnalyzer(exported.default) ? [exported.default] : analyzers;
  if (!only || (analyzers.size > 1 && only !== exported.default)) {
    const found = Object.keys(exported).join(', ') || 'nothing';
    throw unusable(`The file ${file} should export one analyzer, by name or as default; it exports ${found}`);
  }
  try {
    checkDefinition(only);
  } catch (cause) {
    throw unusable(`The analyzer of ${file} is not well defined: ${messageOf(cause)}`, cause);
  }
  return only;
}

const isAnalyzer = (value: unknown): value is AnalyzerDefinition =>
  typeof value === 'object' && value !== null && typeof (value as { analyze?: unknown }).analyze === 'function';

export function unusable(message: string, cause?: unknown): FramepathError {
  return new FramepathError('MODULE_UNUSABLE', message, { cause });
}

/** A configured definition. */
export interface Instance {
  analyze(frame: FrameFacts, deps: Readonly<Record<string, unknown>>): unknown;
  close(): Promise<void>;
}

/** @throws MODULE_UNUSABLE when `configure` throws */
export async function openInstance(definition: AnalyzerDefinition, options: unknown): Promise<Instance> {
  let state: unknown;
  try {
    state = await definition.configure?.(options);
  } catch (cause) {
    throw unusable(`The analyzer '${definition.name}' cannot be configured: ${messageOf(cause)}`, cause);
  }
  return {
    analyze: (frame, deps) => {
      const value = definition.analyze(frame as never, deps as never, state);
      return definition.schema ? Promise.resolve(value).then((result) => fitting(definition.schema!, result)) : value;
    },
    close: async () => void (await definition.close?.(state)),
  };
}
