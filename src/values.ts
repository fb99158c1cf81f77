/** Values of JS modules: the native side decides whose value a result is, they are kept here until nothing refers to them. */
import type { ResultBlock } from './native.js';
import { hasValue, kind, moduleHeader, moduleOffsets, recordHeader } from './packed.js';

/** Values of one task, by module. */
interface Task {
  seq: number;
  values: Map<number, unknown>;
}

/**
 * By the task and the module that they were computed for, which the record of a later task may name too (stride). Tasks of
 * a source are delivered in order: when one is, the values that it refers to stay, and all others up to it go.
 */
export class Values {
  /** by source, then task */
  readonly #sources = new Map<number, Map<number, Task>>();

  /** A module is asked about the task of a record. */
  expect({ packed }: ResultBlock): void {
    const source = packed[recordHeader.source]!;
    const taskId = packed[recordHeader.taskId]!;
    const tasks = this.#sources.get(source) ?? new Map<number, Task>();
    this.#sources.set(source, tasks);
    if (!tasks.has(taskId)) tasks.set(taskId, { seq: packed[recordHeader.seq]!, values: new Map() });
  }

  /** Keeps an answer that was taken. */
  set({ packed }: ResultBlock, module: number, value: unknown): void {
    const tasks = this.#sources.get(packed[recordHeader.source]!);
    tasks?.get(packed[recordHeader.taskId]!)?.values.set(module, value);
  }

  /** Values of JS modules in the record at `at`, by position. */
  of(block: ResultBlock, at: number, modules: number): unknown[] {
    const { packed } = block;
    const tasks = this.#sources.get(packed[at + recordHeader.source]!);
    return moduleOffsets(block, at, modules).map((header) => {
      if (!hasValue(block, header) || packed[header + moduleHeader.kind] !== kind.external) return undefined;
      return tasks?.get(packed[header + moduleHeader.task]!)?.values.get(packed[header + moduleHeader.module]!);
    });
  }

  /** The task of the record at `at` was delivered. */
  delivered(block: ResultBlock, at: number, modules: number): void {
    const { packed } = block;
    const source = packed[at + recordHeader.source]!;
    const tasks = this.#sources.get(source);
    if (!tasks) return;
    if (source < 0) {
      tasks.delete(packed[at + recordHeader.taskId]!); // submitted pictures have no order
      return;
    }
    const seq = packed[at + recordHeader.seq]!;
    const named = new Set(
      moduleOffsets(block, at, modules)
        .filter((header) => packed[header + moduleHeader.kind] === kind.external)
        .map((header) => packed[header + moduleHeader.task]!),
    );
    for (const [id, task] of tasks) if (task.seq <= seq && !named.has(id)) tasks.delete(id);
  }

  /** Nothing more is delivered of a source. */
  ended(source: number): void {
    this.#sources.delete(source);
  }

  /** Tasks that values are kept for. */
  get size(): number {
    return [...this.#sources.values()].reduce((sum, tasks) => sum + tasks.size, 0);
  }
}
