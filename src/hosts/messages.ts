/**
 * Messages between hosts and this process; plain data. The Python host writes the same (python/framepath/host.py).
 * Hosts are not trusted: {@link fromHost} checks every message of theirs before it is used.
 */
import type { DefinitionFacts, FrameFacts } from '../modules/definition.js';
import type { InputWords } from '../modules/input.js';
import type { CudaBlock } from '../native.js';

export interface Question {
  frame: FrameFacts;
  deps: Readonly<Record<string, unknown>>;
  /** where its pixels are, packed */
  input?: InputWords;
  /** of pixels on a GPU: the block in which `input` places them */
  cuda?: CudaBlock;
}

export type ToHost =
  | { kind: 'open'; file: string; options: unknown; memoryMb?: number }
  | ({ kind: 'ask'; id: number } & Question)
  | { kind: 'close' };

export type FromHost =
  | { kind: 'opened'; definition: DefinitionFacts }
  /** it cannot start */
  | { kind: 'unusable'; error: ThrownFacts }
  | ({ kind: 'answer'; id: number; value?: unknown } & Worked)
  | ({ kind: 'answer'; id: number; error: ThrownFacts } & Worked)
  /** the GPU's memory cannot be mapped there, and why */
  | ({ kind: 'answer'; id: number; outOfReach: string } & Worked);

/** Longest message of a host, as bytes of a pipe. */
export const mostMessageBytes = 64 * 2 ** 20;

/** Start and end of the call of `analyze`, by `monotonicMs` of worker-slot-figures. */
export interface Worked {
  startMs: number;
  endMs: number;
}

/** Something thrown elsewhere. */
export interface ThrownFacts {
  name: string;
  message: string;
  stack?: string;
}

/** A host wrote something that is not a message: the host is ended. */
export class BadMessage extends Error {}

type Fields = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A checked message of a host. @throws BadMessage with what is wrong: `it sent ...` */
export function fromHost(sent: unknown): FromHost {
  if (!isRecord(sent)) throw new BadMessage(`it sent ${kindOf(sent)} where a message has to be`);
  switch (sent.kind) {
    case 'opened':
      if (!isRecord(sent.definition)) throw new BadMessage("it sent 'opened' without a definition");
      return { kind: 'opened', definition: sent.definition as never }; // its content is checked by checkFacts
    case 'unusable':
      return { kind: 'unusable', error: thrownOf(sent) };
    case 'answer':
      return answerOf(sent);
    default:
      throw new BadMessage('it sent a message of no known kind');
  }
}

/** Latest valid time, ms since boot. */
const latestMs = 2 ** 42;

function answerOf(sent: Fields): FromHost {
  const { id, startMs, endMs, outOfReach } = sent;
  if (!Number.isSafeInteger(id)) throw new BadMessage('it sent an answer without the number of the question');
  const timed = typeof startMs === 'number' && typeof endMs === 'number';
  if (!timed || !(startMs >= 0 && startMs <= endMs && endMs < latestMs))
    throw new BadMessage('it sent an answer whose times are no times');
  const answer = { kind: 'answer' as const, id: id as number, startMs, endMs };
  if ('error' in sent) return { ...answer, error: thrownOf(sent) };
  if (!('outOfReach' in sent)) return { kind: 'answer', id: id as number, startMs, endMs, value: sent.value };
  if (typeof outOfReach !== 'string') throw new BadMessage('it sent an answer out of reach without a reason');
  return { ...answer, outOfReach: clipped(outOfReach) };
}

function thrownOf({ error, kind }: Fields): ThrownFacts {
  const { name, message, stack } = isRecord(error) ? error : {};
  if (typeof name !== 'string' || typeof message !== 'string')
    throw new BadMessage(`it sent '${String(kind)}' with an error that has no name and message`);
  return {
    name: clipped(name),
    message: clipped(message),
    ...(typeof stack === 'string' && { stack: clipped(stack) }),
  };
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
