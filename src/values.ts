/** Values of JS modules, kept until their task is delivered or gone. */
import type { Module } from './modules/module.js';
import { field, moduleOffsets, state } from './packed.js';

interface Carried {
  seq: number;
  value: unknown;
}

/**
 * A task is asked about once or more (retries) and leaves once. An answer that comes after its task has left is not
 * kept. Modules with a stride also keep the values that later frames of the source carry.
 */
export class Values {
  readonly #tasks = new Map<number, Map<number, unknown>>();
  readonly #carried = new Map<string, Carried[]>();

  /** A module is asked about a task. */
  expect(taskId: number): void {
    if (!this.#tasks.has(taskId)) this.#tasks.set(taskId, new Map());
  }

  /** Keeps the answer; false when the task has left meanwhile. */
  set(taskId: number, module: number, value: unknown): boolean {
    const task = this.#tasks.get(taskId);
    task?.set(module, value);
    return task !== undefined;
  }

  /** Keeps an answer for the frames after it too; they are asked for in order. */
  carry(source: number, module: number, seq: number, value: unknown): void {
    const key = `${source}/${module}`;
    const list = this.#carried.get(key) ?? [];
    this.#carried.set(key, list);
    const after = list.findIndex((item) => item.seq > seq);
    list.splice(after < 0 ? list.length : after, 0, { seq, value });
  }

  /** Values of the JS modules that have spoken in a record, by position; undefined when there are no JS modules. */
  of(words: Float64Array, at: number, modules: readonly Module[]): unknown[] | undefined {
    if (!modules.some((module) => module.shape === 'value')) return undefined;
    const [taskId, source, seq] = [words[at + field.taskId]!, words[at + field.source]!, words[at + field.seq]!];
    const offsets = moduleOffsets(words, at, modules.length);
    return modules.map((module, i) => {
      const said = words[offsets[i]!];
      if (module.shape !== 'value' || said === state.nothing) return undefined;
      return said === state.carried ? this.#newest(source, i, seq) : this.#tasks.get(taskId)?.get(i);
    });
  }

  #newest(source: number, module: number, seq: number): unknown {
    return this.#carried.get(`${source}/${module}`)?.findLast((item) => item.seq <= seq)?.value;
  }

  /** A task was delivered: its values go, and what no later frame of its source can carry. */
  delivered(taskId: number, source: number, seq: number): void {
    this.#tasks.delete(taskId);
    for (const [key, list] of this.#carried) {
      if (!key.startsWith(`${source}/`)) continue;
      const newest = list.findLastIndex((item) => item.seq <= seq);
      if (newest > 0) list.splice(0, newest);
    }
  }

  forget(taskId: number): void {
    this.#tasks.delete(taskId);
  }

  /** Tasks that values are kept for. */
  get size(): number {
    return this.#tasks.size;
  }
}
