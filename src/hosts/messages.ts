/**
 * Messages between hosts and this process; plain data (schema/messages.mjs). The Python host writes the same. Hosts are not
 * trusted: {@link fromHost} checks every message of theirs before it is used.
 */
import { type AskMessage, type FromHost, fromHostShapes, type Shape, type ThrownFacts } from '../generated/messages.js';

export type Question = Omit<AskMessage, 'kind' | 'id'>;

/** Start and end of the call of `analyze`, by `monotonicMs` of worker-slot-figures. */
export interface Worked {
  startMs: number;
  endMs: number;
}

/** What ends a question. */
export type Answer = Extract<FromHost, Worked>;

/** A host wrote something that is not a message: the host is ended. */
export class BadMessage extends Error {}

type Fields = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A checked message of a host. @throws BadMessage with what is wrong: `it sent ...` */
export function fromHost(sent: unknown): FromHost {
  if (!isRecord(sent)) throw new BadMessage(`it sent ${kindOf(sent)} where a message has to be`);
  const { kind } = sent;
  if (typeof kind !== 'string' || !Object.hasOwn(fromHostShapes, kind))
    throw new BadMessage('it sent a message of no known kind');
  const message = { kind, ...shaped(sent, fromHostShapes[kind as FromHost['kind']], `'${kind}'`) } as FromHost;
  if ('endMs' in message && message.endMs < message.startMs)
    throw new BadMessage(`it sent '${kind}' that ends before it begins`);
  return message;
}

/** The fields of a message, and no others. */
function shaped(sent: Fields, shape: Readonly<Record<string, Shape>>, what: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(shape)) {
    const value = sent[key];
    if (value === undefined && field.optional) continue;
    if (!fits(value, field)) throw new BadMessage(`it sent ${what} with ${kindOf(value)} as ${key}`);
    if (field.fields) fields[key] = shaped(value as Fields, field.fields, key);
    else fields[key] = field.type === 'string' ? clipped(value as string) : value;
  }
  return fields;
}

function fits(value: unknown, { type, min = 0, max = Infinity }: Shape): boolean {
  if (type === 'any') return true;
  if (type === 'object') return isRecord(value);
  const found = type === 'integer' ? Number.isSafeInteger(value) : typeof value === type;
  return found && (typeof value !== 'number' || (value >= min && value <= max));
}

/** Longest text of an error, in characters: it goes into reports and logs. */
const mostText = 2 ** 16;
const clipped = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText)} ...` : text);

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : typeof value;

/** Bounds of a result of a host: approximate bytes in this process, levels of nesting. */
const mostValueBytes = 64 * 2 ** 20;
const deepest = 256;

/** Bounds of values that pass without counting bytes: parts, length of lists and texts, levels of nesting. */
const [fewParts, shortLength, flat] = [256, 256, 16];

/** `parts` less the parts of a value; negative for a value beyond the bounds. */
function small(value: unknown, parts: number, depth: number): number {
  if (typeof value === 'string') return value.length > shortLength ? -1 : parts - 1;
  if (typeof value !== 'object' || value === null) return parts - 1;
  if (depth === 0) return -1;
  let left = parts - 1;
  if (Array.isArray(value)) {
    if (value.length > shortLength) return -1;
    for (let i = 0; i < value.length && left >= 0; i++) left = small(value[i], left, depth - 1);
    return left;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return -1;
  for (const key in value) {
    if (key.length > shortLength || left < 0) return -1;
    left = small((value as Record<string, unknown>)[key], left, depth - 1);
  }
  return left;
}

/** Why a value is too large or too deep (holes of lists count); undefined where it is not. */
export function whyNotKept(value: unknown): string | undefined {
  return small(value, fewParts, flat) >= 0 ? undefined : whyTooLarge(value);
}

function whyTooLarge(value: unknown): string | undefined {
  const seen = new Set<object>();
  const open: object[] = [];
  const depths: number[] = []; // of those that are open
  let bytes = 0;
  let depth = 0;
  const add = (one: unknown): void => {
    if (typeof one === 'string') bytes += one.length;
    if (typeof one !== 'object' || one === null || seen.has(one)) return;
    seen.add(one);
    bytes += 32;
    if (Array.isArray(one)) bytes += 8 * one.length;
    else if (ArrayBuffer.isView(one) || one instanceof ArrayBuffer) bytes += one.byteLength;
    open.push(one);
    depths.push(depth);
  };
  for (add(value); open.length > 0 && bytes <= mostValueBytes; ) {
    const one = open.pop()!;
    depth = depths.pop()! + 1;
    if (depth > deepest) return `it is more than ${deepest} levels deep`;
    if (Array.isArray(one) || one instanceof Set) for (const each of one) add(each);
    else if (one instanceof Map)
      for (const [key, each] of one) {
        add(key);
        add(each);
      }
    else if (!ArrayBuffer.isView(one))
      for (const key of Object.keys(one)) {
        bytes += 16 + key.length;
        add((one as Record<string, unknown>)[key]);
      }
  }
  return bytes > mostValueBytes ? `it takes more than ${mostValueBytes / 2 ** 20} MiB` : undefined;
}

export function thrownFacts(thrown: unknown): ThrownFacts {
  if (thrown instanceof Error)
    return { name: thrown.name, message: String(thrown.message), stack: String(thrown.stack) };
  let message = 'a value that has no text';
  try {
    message = String(thrown);
  } catch {
    // no prototype, or a toString that throws
  }
  return { name: 'Error', message };
}

/** An error with the name, message and stack of the one thrown in a host. */
export function rebuilt({ name, message, stack }: ThrownFacts): Error {
  const error = new Error(message);
  return Object.assign(
    Object.defineProperty(error, 'name', { value: name, configurable: true }),
    stack ? { stack } : {},
  );
}
