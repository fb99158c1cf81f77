/** Values of JS modules, kept until their task is delivered. */
import type { Module } from './modules/module.js';
import { field, kind, moduleOffsets, state } from './packed.js';

interface Task {
  seq: number;
  values: Map<number, unknown>;
}

interface Carried {
  seq: number;
  value: unknown;
}

/**
 * A task is asked about once or more (retries) and leaves once. Tasks of a source are delivered in order, so those
 * before a delivered one have left too. An answer that comes after its task has left is not kept. Modules with a stride
 * also keep the values that later frames of the source carry.
 */
export class Values {
  /** by source, then task */
  readonly #tasks = new Map<number, Map<number, Task>>();
  /** by source, then module; in order of seq */
  readonly #carried = new Map<number, Map<number, Carried[]>>();

  /** A module is asked about the task of a record. */
  expect(record: Float64Array): void {
    const [taskId, source, seq] = [record[field.taskId]!, record[field.source]!, record[field.seq]!];
    const tasks = getOr(this.#tasks, source, () => new Map<number, Task>());
    getOr(tasks, taskId, () => ({ seq, values: new Map<number, unknown>() }));
  }

  /** Keeps an answer; `carry` keeps it for the frames after it too. False when the task has left meanwhile. */
  set(record: Float64Array, module: number, value: unknown, carry: boolean): boolean {
    const [taskId, source, seq] = [record[field.taskId]!, record[field.source]!, record[field.seq]!];
    const task = this.#tasks.get(source)?.get(taskId);
    task?.values.set(module, value);
    if (carry && source >= 0) {
      const modules = getOr(this.#carried, source, () => new Map<number, Carried[]>());
      const list = getOr(modules, module, () => []);
      const after = list.findIndex((item) => item.seq > seq);
      list.splice(after < 0 ? list.length : after, 0, { seq, value });
    }
    return task !== undefined;
  }

  /** Values of JS modules in the record at `at`, by position; undefined when there are no JS modules. */
  of(words: Float64Array, at: number, modules: readonly Module[]): unknown[] | undefined {
    if (!modules.some((module) => module.host)) return undefined;
    const [taskId, source, seq] = [words[at + field.taskId]!, words[at + field.source]!, words[at + field.seq]!];
    const task = this.#tasks.get(source)?.get(taskId);
    return moduleOffsets(words, at, modules.length).map((offset, i) => {
      const said = words[offset];
      if (said === state.nothing || words[offset + 1] !== kind.external) return undefined;
      if (said !== state.carried) return task?.values.get(speakerOf(i, modules, (one) => !!task?.values.has(one)));
      const speaker = speakerOf(i, modules, (one) => (modules[one]!.host?.stride ?? 1) > 1);
      return this.#newest(source, speaker, seq);
    });
  }

  #newest(source: number, module: number, seq: number): unknown {
    return this.#carried
      .get(source)
      ?.get(module)
      ?.findLast((item) => item.seq <= seq)?.value;
  }

  /** The task of the record at `at` was delivered: its values go, and what no later frame of its source can carry. */
  delivered(words: Float64Array, at: number): void {
    const [taskId, source, seq] = [words[at + field.taskId]!, words[at + field.source]!, words[at + field.seq]!];
    const tasks = this.#tasks.get(source);
    tasks?.delete(taskId);
    if (source < 0) return; // submitted pictures have no order
    for (const [id, task] of tasks ?? []) if (task.seq < seq) tasks?.delete(id);
    for (const list of this.#carried.get(source)?.values() ?? []) {
      const newest = list.findLastIndex((item) => item.seq <= seq);
      if (newest > 0) list.splice(0, newest);
    }
  }

  /** Tasks that values are kept for. */
  get size(): number {
    return [...this.#tasks.values()].reduce((sum, tasks) => sum + tasks.size, 0);
  }
}

/** The module whose value it is: itself, or the one it fell back to, and so on; `spoke` says of one that it may be it. */
function speakerOf(position: number, modules: readonly Module[], spoke: (position: number) => boolean): number {
  const fallback = modules[position]!.spec.policy?.fallback;
  if (fallback === undefined || spoke(position)) return position;
  const next = modules.findIndex(({ name }) => name === fallback);
  return speakerOf(next, modules, spoke);
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
