/** Finds native code that cannot share this process before any is loaded; modules with `isolation: 'auto'` move out. */
import { conflictBetween } from '../conflicts/conflict.js';
import {
  type Content,
  contentOf,
  frameworkContent,
  type Inference,
  loadedContent,
} from '../conflicts/process-content.js';
import { FramepathError, messageOf } from '../errors.js';
import { type Isolation, usualIsolation } from '../modules/analyzer.js';
import type { Module } from '../modules/module.js';
import type { Scans } from './scans.js';

export interface Isolated {
  /** with their resolved isolation */
  modules: Module[];
  /** imports that could not be followed */
  warnings: string[];
}

interface Candidate {
  module: Module;
  isolation: Isolation;
  name: string;
  content: Content;
}

/**
 * @param inference what framepath runs models with, when it does
 * @throws MODULE_CONFLICT
 */
export async function isolateModules(
  modules: readonly Module[],
  inference: Inference | undefined,
  scans: Scans,
): Promise<Isolated> {
  const warnings: string[] = [];
  const candidates = new Map<Module, Candidate>();
  for (const module of modules) {
    const candidate = await candidateOf(module, scans, warnings);
    if (candidate) candidates.set(module, candidate);
  }
  const reasons = separate([...candidates.values()], inference, scans);
  return { modules: modules.map((module) => settled(module, candidates.get(module), reasons.get(module))), warnings };
}

/** A JavaScript file that would be loaded into this process. */
async function candidateOf(module: Module, scans: Scans, warnings: string[]): Promise<Candidate | undefined> {
  const { what, use } = module.place ?? {};
  if (!what || !('file' in what) || what.file.endsWith('.py')) return undefined;
  const isolation = use?.isolation ?? 'inline';
  if (isolation === 'process' || typeof isolation === 'object') return undefined;
  const name = module.name || (await scans.nameOf(what.file));
  const { packages, unseen } = await scans.of(what.file);
  warnings.push(...unseen.map((one) => `module '${name}': conflicts are looked for without ${one}`));
  const who = `module '${name}'`;
  try {
    return { module, isolation, name, content: contentOf(who, packages.values(), scans.native) };
  } catch (error) {
    if (error instanceof FramepathError) throw error;
    warnings.push(`${who}: conflicts are not looked for, because a package cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** Modules that have to leave the process, with the reason. Modules that cannot leave take precedence. */
function separate(
  candidates: readonly Candidate[],
  inference: Inference | undefined,
  scans: Scans,
): Map<Module, string> {
  const reasons = new Map<Module, string>();
  const native = candidates.filter(({ content }) => content.packages.length > 0);
  if (native.length === 0) return reasons;
  const names = new Set(native.flatMap(({ content }) => content.packages.map(({ name }) => name)));
  const present = [...(inference ? [frameworkContent(inference)] : []), loadedContent(names, scans.native)];
  const stays = ({ isolation }: Candidate) => isolation !== 'auto';
  for (const one of [...native.filter(stays), ...native.filter((other) => !stays(other))]) {
    const reason = present.map((other) => conflictBetween(other, one.content)).find((found) => found !== undefined);
    if (reason === undefined) present.push(one.content);
    else if (stays(one)) throw new FramepathError('MODULE_CONFLICT', reason, { module: one.name });
    else reasons.set(one.module, reason);
  }
  return reasons;
}

/** Resolves `auto`, with the reason. */
function settled(module: Module, candidate: Candidate | undefined, reason: string | undefined): Module {
  const { place } = module;
  if (!place) return module;
  const file = 'file' in place.what ? place.what.file : undefined;
  const { isolation } = place.use;
  const usual = file === undefined ? 'inline' : usualIsolation(file);
  if (isolation !== undefined && isolation !== 'auto') return module;
  const change = (found: Isolation, why?: string) =>
    module.with({
      place: { ...place, use: { ...place.use, isolation: found } },
      decidedBy: { ...module.decidedBy, isolation: why ?? 'default' },
    });
  if (isolation === undefined) return change(usual);
  const asked = `auto (${module.decidedBy.isolation ?? 'call'})`;
  if (!candidate) return change(usual, asked);
  return reason === undefined ? change('inline', `${asked}: no conflict`) : change('process', `${asked}: ${reason}`);
}
