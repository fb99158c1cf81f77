/** Modules that JavaScript answers for: the native side asks, `analyze` answers, here or in a host. */
import { FramepathError, messageOf } from '../errors.js';
import { type FrameOwner, type FrameView, frameClass } from '../frame.js';
import type { Served } from '../generated/results.js';
import { OutOfReach } from '../modules/device-input.js';
import type { Module } from '../modules/module.js';
import type { ModuleQuestion, NativeRun } from '../native.js';
import type { Values } from '../values.js';
import { packedBoxes } from './packed-boxes.js';

/** Errors of a module that are kept: others may have been thrown since the one that ends the run. */
const mostErrors = 64;

/** Answers every task exactly once, whatever `analyze` does. */
export class Analysis {
  /** what modules threw lately, by name */
  readonly #errors = new Map<string, unknown[]>();
  readonly #Frame: ReturnType<typeof frameClass>;

  constructor(
    private readonly owner: FrameOwner,
    private readonly modules: readonly Module[],
    private readonly values: Values,
    private readonly watched: {
      /** called with the host that answered about this frame; undefined: not needed */
      served(module: string, frame: FrameView): ((by: Served) => void) | undefined;
      /** modules whose boxes the native side reads */
      readonly boxesOf: ReadonlySet<string>;
    },
  ) {
    this.#Frame = frameClass(modules);
  }

  async answer(native: NativeRun, question: ModuleQuestion): Promise<void> {
    const { module: position, record } = question;
    const module = this.modules[position]!;
    const host = module.host!;
    this.values.expect(record);
    const external = this.values.of(record, 0, this.modules.length);
    const frame = new this.#Frame(this.owner, this.modules, record, 0, host.pixels ? 'borrowed' : 'none', external);
    const readBoxes = this.watched.boxesOf.has(module.name) ? packedBoxes : () => undefined;
    try {
      const value = await this.#analyzed(module, frame, question);
      const taken = native.answer(question, { kind: 'value', boxes: readBoxes(value) });
      if (taken) this.values.set(record, position, value);
    } catch (error) {
      this.#keep(module.name, error);
      native.answer(question, { kind: error instanceof OutOfReach ? 'outOfReach' : 'failed', ...failureOf(error) });
    }
  }

  async #analyzed(module: Module, frame: FrameView, { input, cuda }: ModuleQuestion): Promise<unknown> {
    try {
      const served = this.watched.served(module.name, frame);
      return await module.host!.analyze(frame, this.#dependencies(module, frame), input, cuda, served);
    } finally {
      frame.pass();
      frame.input = undefined; // its memory is the next frame's
    }
  }

  #keep(module: string, error: unknown): void {
    const kept = this.#errors.get(module) ?? [];
    kept.push(error);
    if (kept.length > mostErrors) kept.shift();
    this.#errors.set(module, kept);
  }

  /** What a module threw, by the message that the native side has of it: what MODULE_FAILED has as cause. */
  thrown(module: string, message: string): unknown {
    const kept = this.#errors.get(module);
    return kept?.find((error) => messageOf(error) === message) ?? kept?.at(-1);
  }

  #dependencies(module: Module, frame: FrameView): Record<string, unknown> {
    const at = (name: string) => this.modules.findIndex((other) => other.name === name);
    const disabled = (module.host?.disabled ?? []).map((name) => [name, undefined]);
    return Object.fromEntries([...disabled, ...module.depends.map((name) => [name, frame.valueAt(at(name))])]);
  }
}

/** Failures of a module's host keep their codes; whatever the module threw is MODULE_FAILED. */
function failureOf(error: unknown): { code: string; message: string; hint?: string | undefined } {
  const ours = error instanceof FramepathError && (error.code === 'MODULE_CRASHED' || error.code === 'MODULE_TIMEOUT');
  const message = messageOf(error);
  return ours ? { code: error.code, message, hint: error.hint } : { code: 'MODULE_FAILED', message };
}
