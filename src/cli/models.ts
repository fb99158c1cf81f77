/** `framepath models`: the models known by name, what a model is, and graph fixes for one's own. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadAddon } from '../addon.js';
import { loadSettings } from '../config.js';
import { FramepathError, toFramepathError, toOutputError } from '../errors.js';
import { resolveModel } from '../model-file.js';
import { fixModel } from '../models/fixes.js';
import { registry } from '../models/registry.js';
import { runtimeLibraries } from '../runtime-library.js';
import { type Command, json, readArguments, UsageError } from './command.js';
import { convert } from './models-convert.js';
import { table } from './summary.js';
import type { Terminal } from './terminal.js';

const usage = `Usage: framepath models [list] [--json]
       framepath models inspect <name|path> [--json]
       framepath models fix <path> [--out FILE] [--vector 8|16] [--json]
       framepath models convert <path> <out.onnx> [options] [--json]

list     the models known by name
inspect  how a model would be fed and read, as far as its file says
fix      frees the batch, NHWC to NCHW, pads channels; outputs stay the same (padding: within 1e-3). --vector: floats in
         a vector of the CPU that will run it, 16 with AVX-512, 8 with AVX2 (default: this machine's)
convert  a TFLite file, or the model.json of a TensorFlow.js graph model (its weights beside it), as ONNX
  --batch N|free            pictures in a batch (default: free where the file allows it)
  --layout nchw|nhwc        order of the input's dimensions (nchw)
  --outputs A,B --names X,Y tensors of the file that become outputs, and their names (those the file declares)
  --head NAME --mean M --scale S --color C --resize R --align A --metric M --threshold T --pad P
                            written into the file: how it is fed (input = (pixel - mean) * scale) and read
`;

async function list(asJson: boolean, terminal: Terminal): Promise<number> {
  const folder = (await loadSettings({})).modelsFolder.value;
  const all = registry.map(({ name, file, task, description, licence }) => {
    const path = join(folder, file);
    return { name, task, description, licence, file: path, installed: existsSync(path) };
  });
  if (asJson) terminal.out(json(all));
  else
    terminal.out(
      all
        .map(
          (m) =>
            `${m.name} (${m.task}, ${m.licence})${m.installed ? '' : ' NOT GENERATED: run npm run setup'}\n  ${m.description}\n  ${m.file}\n`,
        )
        .join(''),
    );
  return 0;
}

async function inspect(ref: string, asJson: boolean, terminal: Terminal): Promise<number> {
  const settings = await loadSettings({});
  const model = resolveModel(ref, settings.modelsFolder.value);
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
    await readFile(file),
    file,
    vector === undefined ? loadAddon().vectorFloats : Number(vector),
  );
  if (fixes.length > 0)
    await writeFile(target, bytes).catch((error) => Promise.reject(toOutputError(error, target, true)));
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
    throw new FramepathError('MODEL_INVALID', `${file} cannot be read as ONNX: ${(cause as Error).message}`, { cause });
  }
}

export const models: Command = {
  summary: 'the models that come with it; inspect and fix others',
  usage,
  async run(args, terminal) {
    if (args[0] === 'convert') return convert(args.slice(1), terminal);
    const { values, positionals } = readArguments(args, {
      json: { type: 'boolean' },
      out: { type: 'string' },
      vector: { type: 'string' },
    });
    const [action = 'list', ref, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`Expected one model but received '${more[0]}' too`);
    const asJson = values.json ?? false;
    for (const name of ['out', 'vector'] as const)
      if (values[name] !== undefined && action !== 'fix') throw new UsageError(`--${name} is an option of models fix`);
    if (action === 'list' && ref === undefined) return list(asJson, terminal);
    if (action !== 'inspect' && action !== 'fix')
      throw new UsageError(`Expected list, inspect, fix or convert but received '${action}'`);
    if (ref === undefined) throw new UsageError('Expected the name or path of a model');
    return action === 'inspect'
      ? inspect(ref, asJson, terminal)
      : fix(ref, { out: values.out, vector: values.vector, asJson }, terminal);
  },
};
