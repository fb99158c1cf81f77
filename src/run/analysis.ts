/** Runs JS modules inside this process: the native side asks, `analyze` answers. */
import { messageOf } from '../errors.js';
import { type FrameOwner, frameClass } from '../frame.js';
import type { Module } from '../modules/module.js';
import type { NativeRun } from '../native.js';
import type { Values } from '../values.js';

/** Answers every task exactly once, whatever `analyze` does. */
export class Analysis {
  /** The last error of each module, by name: what MODULE_FAILED has as cause. */
  readonly errors = new Map<string, unknown>();
  readonly #Frame: ReturnType<typeof frameClass>;

  constructor(
    private readonly owner: FrameOwner,
    private readonly modules: readonly Module[],
    private readonly values: Values,
  ) {
    this.#Frame = frameClass(modules);
  }

  /** A module is asked about a task; `record` holds what others said so far. */
  async answer(native: NativeRun, position: number, taskId: number, record: Float64Array): Promise<void> {
    const module = this.modules[position]!;
    const host = module.host!;
    this.values.expect(record);
    const external = this.values.of(record, 0, this.modules);
    const frame = new this.#Frame(this.owner, this.modules, record, 0, host.pixels ? 'shown' : 'none', external);
    let failure: { error: unknown } | undefined;
    try {
      const value = await host.analyze(frame, this.#dependencies(module, frame));
      this.values.set(record, position, value, host.stride > 1);
    } catch (error) {
      failure = { error };
      this.errors.set(module.name, error);
    }
    frame.pass();
    if (failure) native.answer(position, taskId, 2, messageOf(failure.error));
    else native.answer(position, taskId, 1);
  }

  #dependencies(module: Module, frame: InstanceType<ReturnType<typeof frameClass>>): Record<string, unknown> {
    const at = (name: string) => this.modules.findIndex((other) => other.name === name);
    return Object.fromEntries(module.depends.map((name) => [name, frame.valueAt(at(name))]));
  }
}
