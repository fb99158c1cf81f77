/** What hosts and this process say to each other; plain data. The Python host speaks the same (python/framepath/host.py). */
import type { DefinitionFacts, FrameFacts } from '../modules/definition.js';
import type { InputWords } from '../modules/input.js';
import type { CudaBlock } from '../native.js';

export interface Question {
  frame: FrameFacts;
  deps: Readonly<Record<string, unknown>>;
  /** where its pixels lie */
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

/** When it was in `analyze`, by `monotonicMs` of seat-figures. */
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

/** An error like the one that was thrown there: its name, message and stack. */
export function rebuilt({ name, message, stack }: ThrownFacts): Error {
  const error = new Error(message);
  return Object.assign(
    Object.defineProperty(error, 'name', { value: name, configurable: true }),
    stack ? { stack } : {},
  );
}
