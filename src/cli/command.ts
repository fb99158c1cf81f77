/** The interface of commands, and the parsing of their arguments (node:util parseArgs: strict, typed). */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '../did-you-mean.js';
import type { Terminal } from './terminal.js';

/** One command of the command line. */
export interface Command {
  /** one line for the list of commands */
  summary: string;
  /** full usage */
  usage: string;
  /** Resolves with the exit code: 0 success, 1 failure (`plan`: it does not fit). Throws UsageError for 2. */
  run(args: string[], terminal: Terminal): Promise<number>;
}

/** The command line was not understood: exit code 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

type Arguments<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/** Options and positionals. @throws UsageError */
export function readArguments<const O extends Options>(args: string[], options: O): Arguments<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/\.\s/);
    const dashed = /^Option '(-[^ ']+).*ambiguous$/.exec(sentence)?.[1];
    if (dashed) throw new UsageError(`A value of ${dashed} that starts with a dash is written ${dashed}=VALUE`);
    const unknown = /^Unknown option '([^']+)'/.exec(sentence)?.[1];
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${sentence}${unknown ? didYouMean(unknown, known) : ''}`);
  }
}

/** One of the values, or undefined. @throws UsageError */
export function choice<const T extends string>(
  name: string,
  value: string | undefined,
  values: readonly T[],
): T | undefined {
  if (value === undefined || values.includes(value as T)) return value as T | undefined;
  throw new UsageError(oneOfThese(values.join(', '), `--${name}`, value, values));
}

/** The message for a value that is not one of `known`. */
export function oneOfThese(expected: string, name: string, value: string, known: readonly string[]): string {
  return `Expected one of ${expected} for ${name} but received '${value}'${didYouMean(value, known)}`;
}

/** An integer of at least `min`, or undefined. @throws UsageError */
export function wholeNumber(name: string, value: string | undefined, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number) && number >= min) return number;
  throw new UsageError(`Expected an integer of at least ${min} for --${name} but received '${value}'`);
}

/** A value as the JSON output of a command. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
