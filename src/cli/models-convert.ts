/** `framepath models convert`: models of other frameworks to ONNX. */
import { resolve } from 'node:path';
import { type ConvertOptions, convertModel, setMetadata, sha256, type ValueInfo, writeModel } from '@framepath/models';
import { writeOutput } from '../writers/output-file.js';
import { refuseSharedFiles } from '../writers/shared-files.js';
import { choice, json, readArguments, UsageError, wholeNumber } from './command.js';
import type { Terminal } from './terminal.js';

const text = { type: 'string' } as const;

/** Metadata of an ONNX file on pre- and postprocessing; named like the model facts of the API. */
const facts = {
  head: text,
  color: text,
  resize: text,
  align: text,
  metric: text,
  mean: text,
  scale: text,
  pad: text,
  threshold: text,
} as const;

const choices = {
  color: ['rgb', 'bgr', 'gray'],
  resize: ['letterbox', 'letterbox-top-left', 'stretch', 'center-crop'],
  align: ['dlib', 'arcface', 'none'],
  metric: ['l2', 'cosine'],
} as const;

const numbersAtMost: Readonly<Record<string, number>> = { mean: 3, scale: 3, pad: 1, threshold: 1 };

function checkFact(name: string, value: string): void {
  if (name in choices) choice(name, value, choices[name as keyof typeof choices]);
  const most = numbersAtMost[name];
  const numbers = value.split(',').map((number) => (number.trim() === '' ? Number.NaN : Number(number)));
  if (most !== undefined && (numbers.length > most || !numbers.every(Number.isFinite)))
    throw new UsageError(
      `Expected ${most === 1 ? 'a number' : 'one number, or three with commas,'} for --${name} but received '${value}'`,
    );
}

function list(name: string, value: string | undefined): string[] | undefined {
  const items = value?.split(',');
  if (items?.some((item) => item === '')) throw new UsageError(`Expected names for --${name} but received '${value}'`);
  return items;
}

const described = ({ name, type }: ValueInfo) => ({
  name: name!,
  shape:
    type?.tensorType?.shape?.dim.map(({ value, param }) => (value === undefined ? (param ?? null) : Number(value))) ??
    null,
});

/** @throws UsageError, INVALID_ARGUMENT, MODEL_NOT_FOUND, MODEL_INVALID, OUTPUT_UNWRITABLE */
export async function convert(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(args, {
    batch: text,
    layout: text,
    outputs: text,
    names: text,
    json: { type: 'boolean' },
    ...facts,
  });
  const [path, out, ...more] = positionals;
  if (path === undefined || out === undefined || more.length > 0)
    throw new UsageError(
      `Expected a model and the path of the ONNX file to write but received ${positionals.length} paths`,
    );
  for (const name of Object.keys(facts)) {
    const value = values[name as keyof typeof facts];
    if (value !== undefined) checkFact(name, value);
  }
  const options: ConvertOptions = {
    batch: values.batch === 'free' ? 'free' : wholeNumber('batch', values.batch, 1),
    layout: choice('layout', values.layout, ['nchw', 'nhwc']),
    outputs: list('outputs', values.outputs),
    names: list('names', values.names),
  };
  const target = resolve(out);
  refuseSharedFiles([{ path: target, use: 'converted model' }], [{ path, use: 'its source' }]);
  const model = convertModel(resolve(path), options);
  for (const name of Object.keys(facts)) {
    const value = values[name as keyof typeof facts];
    if (value !== undefined) setMetadata(model, `framepath.${name}`, value);
  }
  const bytes = writeModel(model);
  await writeOutput(target, bytes);
  const inputs = model.graph!.input.map(described);
  const outputs = model.graph!.output.map(described);
  if (values.json) {
    terminal.out(
      json({ file: resolve(path), out: target, bytes: bytes.length, sha256: sha256(bytes), inputs, outputs }),
    );
    return 0;
  }
  const line = (what: string) => (value: (typeof inputs)[number]) =>
    `  ${what} ${value.name} ${value.shape ? `[${value.shape.map((size) => size ?? '?').join(', ')}]` : ''}\n`;
  terminal.out(
    `${target} (${bytes.length} bytes, ${model.graph!.node.length} nodes)\n${inputs.map(line('input')).join('')}${outputs.map(line('output')).join('')}`,
  );
  return 0;
}
