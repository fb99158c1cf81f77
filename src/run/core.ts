/** Everything behind a run: one native run, its blocks, its writers, its end. */
import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { FramepathError, toFramepathError } from '../errors.js';
import { type FrameOwner, type FrameView, frameClass } from '../frame.js';
import type { Plan } from '../generated/plan.js';
import type { HostReport, Progress, Report, Served } from '../generated/results.js';
import type { PipelineSpec } from '../generated/specs.js';
import type { Module } from '../modules/module.js';
import type { ModuleQuestion, NativeAddon, NativeRun, ResultBlock, RunCallbacks, SharedInputs } from '../native.js';
import { records } from '../packed.js';
import type { Source } from '../source.js';
import { Values } from '../values.js';
import { type FilePaths, type WriterRun, Writers } from '../writers/writers.js';
import { Analysis } from './analysis.js';
import { FrameSampler } from './frame-times.js';
import { modulesReadForBoxes } from './packed-boxes.js';
import { pushAll } from './push.js';
import { StageChannel } from './stages.js';

/** Most frames of one crossing. */
const blockFrames = 64;
/** For relinking, and for the rows that are written from it, of a run that is closed. */
const finishingMs = 1000;

/** A closed run has ended within two seconds: files that are not whole by then will not be. */
const endMs = 1_800;
/** They have this long even where the encoder took all of that. */
const leastEndMs = 500;

/** Pixels of submitted pictures that wait, beside one picture of any size. */
const mostPendingBytes = 512 * 1024 ** 2;

/**
 * Owns the native run. It ends once, in one of three ways: by itself (`next` is null), closed by the caller, or
 * failed; `ended` settles then, after the writers are done.
 *
 * ```
 * opening --start() resolves--> running --#finish: outputs, writers, hosts--> over (`ended` resolves)
 *    |                             |
 *    +-----------#broken-----------+-----------------------------------------> over (`ended` rejects with `failure`)
 * ```
 *
 * `#settling` is the one way to `over` that was taken; `#closing` is the caller's close(), which takes one too.
 */
export class RunCore implements FrameOwner, WriterRun {
  readonly native: NativeRun;
  readonly sourceIds: string[];
  /** Settles when everything is finished, files too. */
  readonly ended: Promise<void>;
  failure: FramepathError | undefined;

  readonly boxesOf: ReadonlySet<string>;

  readonly #values = new Values();
  readonly #analysis: Analysis;
  readonly #Frame: typeof FrameView;
  readonly #lease: 'delivered' | 'none';
  /** whether modules have values that are kept in JavaScript */
  readonly #keepsValues: boolean;
  readonly #most: number;
  readonly #labels = new Map<string, readonly string[]>();
  readonly #removed = new Set<number>();
  readonly #stages = new StageChannel(() => this.report());
  /** who wants to know where the time of single frames goes */
  readonly sampler = new FrameSampler(() => this.native);
  /** what the iterables of sources threw, by id: what SOURCE_FAILED has as cause */
  readonly #thrown = new Map<string, unknown>();
  readonly #spec: PipelineSpec;
  #writers: Writers | undefined;
  #pulling: Promise<unknown> = Promise.resolve();
  #settling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #state: 'opening' | 'running' | 'over' = 'opening';
  #pending = { pictures: 0, bytes: 0 };
  #blocks = 0;
  #finished: readonly boolean[] = [];
  #lastReport: Report | undefined;
  #plan: Plan | null = null;
  #cutShort!: (error: FramepathError) => void;
  /** rejects when nobody waits any longer for the end that is on its way */
  readonly #cut = new Promise<never>((_, reject) => {
    this.#cutShort = reject;
  });
  #resolve!: () => void;
  #reject!: (error: FramepathError) => void;

  constructor(
    addon: NativeAddon,
    spec: PipelineSpec,
    readonly modules: readonly Module[],
    /** memory of the analyzers' inputs, what their hosts did, and what closes them */
    private readonly analyzers: {
      inputs?: SharedInputs | undefined;
      hosts(): HostReport[];
      close(): Promise<void>;
    },
    /** modules that the configuration disables */
    readonly disabled: readonly string[] = [],
  ) {
    this.sourceIds = spec.sources.map((source) => source.id);
    this.boxesOf = modulesReadForBoxes(spec);
    this.#spec = spec;
    this.#Frame = frameClass(modules);
    this.#lease = spec.keepPixels ? 'delivered' : 'none';
    this.#keepsValues = modules.some(({ host }) => host);
    this.#most = spec.keepPixels ? Math.max(1, (spec.inFlight ?? 8) >> 1) : blockFrames;
    this.#analysis = new Analysis(this, modules, this.#values, this);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#cut.catch(() => undefined); // where nobody is waiting
    this.ended.catch(() => undefined); // reported to whoever iterates or asks; not a rejection of its own
    for (const { name, spec: module } of modules) {
      if ('model' in module && module.model.labels) this.#labels.set(name, module.model.labels);
    }
    this.native = new addon.Run(JSON.stringify(spec), callbacksOf(new WeakRef(this)), analyzers.inputs);
  }

  /** A JS module is asked about a task. */
  ask(question: ModuleQuestion): void {
    this.#analysis.answer(this.native, question).catch((error) => this.#unlessClosing(error));
  }

  /** For the trace, and for whoever wants the times of single frames. */
  served(module: string, { taskId, position, seq }: FrameView): ((by: Served) => void) | undefined {
    const wanted = position >= 0 && this.sampler.wants(seq);
    if (!wanted && !this.#spec.trace) return undefined;
    return (by) => {
      if (this.#spec.trace) this.native.hostServed(JSON.stringify({ module, source: position, seq, ...by }));
      if (wanted) this.sampler.served(taskId, module, by);
    };
  }

  /** A host of a module was lost, and the run goes on; or it could not be closed. */
  lost(where: string, what: string, reason: string): void {
    this.native.recovered(JSON.stringify({ where, what, reason }));
  }

  /** Opens the files, then everything native. What does not fit rejects here, and nothing stays open. */
  async start(paths: FilePaths, sources: readonly Source[], signal: AbortSignal | undefined): Promise<void> {
    const onAbort = () => void this.abort(signal!.reason);
    try {
      signal?.throwIfAborted();
      this.#writers = await Writers.open(this, paths, this.#spec);
      signal?.addEventListener('abort', onAbort, { once: true });
      await this.native.start();
      await this.#writers.begin();
    } catch (error) {
      signal?.removeEventListener('abort', onAbort);
      await this.fail(signal?.aborted ? aborted(signal.reason) : error);
    }
    if (this.failure) throw this.failure;
    this.#state = 'running';
    this.ended.finally(() => signal?.removeEventListener('abort', onAbort)).catch(() => undefined);
    const labels = this.native.labels?.();
    for (const [name, list] of Object.entries(JSON.parse(labels ?? '{}') as Record<string, string[]>))
      this.#labels.set(name, list);
    for (const [i, source] of sources.entries()) this.feed(this.sourceIds[i]!, source);
  }

  /** Pushes a `frames(...)` source; what its iterable throws fails the source. */
  feed(id: string, source: Source): void {
    if (source.pushed === undefined) return;
    pushAll(this.native, id, source)
      .then((end) => {
        if ('threw' in end) this.#thrown.set(id, end.threw);
      })
      .catch((error) => this.#unlessClosing(error));
  }

  /** What goes wrong beside the run's own calls fails it, unless it is being closed: then it is the close that did it. */
  #unlessClosing(error: unknown): void {
    if (!this.#closing) void this.fail(error);
  }

  /** The next frames in order, after the writers had them; null at the end. Rejects when the run failed. */
  pull(): Promise<FrameView[] | null> {
    const next = this.#pulling.then(() => this.#pull());
    this.#pulling = next.catch(() => undefined);
    return next;
  }

  async #pull(): Promise<FrameView[] | null> {
    if (!this.#settling) {
      try {
        const block = await this.native.next(this.#most);
        if (block && !this.#settling) return await this.#deliver(block);
        if (!this.#closing) await this.#settle();
      } catch (error) {
        if (!this.#closing) await this.fail(error);
      }
    }
    if (this.#closing) await this.#closing.catch(() => undefined);
    await this.#settling;
    if (this.failure) throw this.failure;
    return null;
  }

  async #deliver(block: ResultBlock): Promise<FrameView[]> {
    this.#stages.meanwhile();
    const frames: FrameView[] = [];
    for (const at of records(block)) frames.push(this.#view(block, at, this.#lease));
    if (this.#writers?.wantsFrames) {
      if (this.#blocks++ % 16 === 0) this.#finished = this.progress().sources.map((source) => source.ended === true);
      await this.#writers.frames(frames);
    }
    return frames;
  }

  #view(block: ResultBlock, at: number, lease: 'delivered' | 'none'): FrameView {
    if (!this.#keepsValues) return new this.#Frame(this, this.modules, block, at, lease);
    const values = this.#values.of(block, at, this.modules.length);
    this.#values.delivered(block, at, this.modules.length);
    return new this.#Frame(this, this.modules, block, at, lease, values);
  }

  /** Lets the run go to its end without handing frames to anybody but the writers. */
  async drain(stop: () => boolean): Promise<void> {
    if (stop()) return;
    if (!this.#writers?.wantsFrames && !this.#keepsValues) {
      this.native.discard();
      await this.pull();
      return;
    }
    while (!stop()) {
      const frames = await this.pull();
      if (!frames) return;
      for (const frame of frames) frame.pass();
    }
  }

  /** A picture through the lanes, outside of every source. */
  async submit(request: object, pixels?: Uint8Array): Promise<FrameView> {
    const { maxPending = Number.POSITIVE_INFINITY } = this.#spec;
    const pending = this.#pending;
    const bytes = pixels?.byteLength ?? 0;
    if (pending.pictures >= maxPending || (pending.bytes > 0 && pending.bytes + bytes > mostPendingBytes))
      throw new FramepathError('BUSY', `${pending.pictures} submitted pictures are not answered yet`);
    pending.pictures++;
    pending.bytes += bytes;
    try {
      return this.#view(await this.native.submit(JSON.stringify(request), pixels), 0, 'none');
    } finally {
      pending.pictures--;
      pending.bytes -= bytes;
    }
  }

  /** The native side has ended well: waits for its outputs, then writes ours. */
  #settle(): Promise<void> {
    this.#settling ??= Promise.race([this.#finish(), this.#cut]).catch((error) => this.#broken(error));
    return this.#settling;
  }

  async #finish(): Promise<void> {
    await this.native.done();
    await this.#writers?.finish(this.native);
    await this.analyzers.close();
    if (this.failure) return; // cut short meanwhile
    this.#state = 'over';
    this.#lastReport = this.report();
    this.#stages.end();
    this.#resolve();
  }

  /** The run is over because of `error`; the first one counts. Never throws. */
  fail(error: unknown): Promise<void> {
    this.#settling ??= this.#broken(error);
    return this.#settling;
  }

  async #broken(error: unknown): Promise<void> {
    const started = this.#state === 'running';
    this.failure = this.wrap(error);
    const closed = this.native.close(false).catch(() => undefined);
    const left = this.analyzers.close().catch(() => undefined); // the run has failed already, with a reason
    await closed;
    await this.#writers?.abandon(started ? this.native : undefined);
    await Promise.race([left, sleep(endMs, undefined, { ref: false })]);
    this.#state = 'over';
    if (started) this.#stages.end();
    this.#reject(this.failure);
  }

  /** A native error with the caller's stack, and with the original error of a JS module or iterable as cause. */
  wrap(error: unknown): FramepathError {
    const { code, module = '', source = '', message = '' } = (error ?? {}) as Partial<FramepathError>;
    const ofModule = code === 'MODULE_FAILED' || code === 'MODULE_CRASHED';
    const thrown = ofModule
      ? this.#analysis.thrown(module, message)
      : code === 'SOURCE_FAILED'
        ? this.#thrown.get(source)
        : undefined;
    return toFramepathError(error, thrown ?? error);
  }

  /** Fails the run, in every state: also one that is closing or writing its files. */
  abort(reason: unknown): Promise<void> {
    const error = aborted(reason);
    if (this.#state !== 'over') {
      this.failure ??= error;
      this.#cutShort(error);
    }
    return this.fail(error);
  }

  /** Whether the caller has closed it. */
  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Stops, drains what is composed, finishes every file. Idempotent; rejects with what could not be finished. */
  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => this.native.finishWithin(null));
    return this.#closing;
  }

  async #close(): Promise<void> {
    const failed = this.failure; // reported to whoever iterates or asks
    const began = performance.now();
    this.native.finishWithin(finishingMs);
    const ended = this.native.end(true);
    this.analyzers.close().catch(() => undefined); // they get no more requests; #finish waits and rethrows
    await ended.catch((error) => this.fail(error));
    const late = setTimeout(
      () => {
        const message = 'The run was closed before all of its files were written';
        if (this.#state !== 'over')
          this.#cutShort(new FramepathError('OUTPUT_FAILED', message, { hint: 'Await run.done first.' }));
      },
      Math.max(leastEndMs, began + endMs - performance.now()),
    );
    await this.#settle();
    clearTimeout(late);
    await this.native.close(true).catch((error) => {
      this.failure ??= this.wrap(error);
    });
    if (this.failure && !failed) throw this.failure;
  }

  progress(): Progress {
    return JSON.parse(this.native.progress()) as Progress;
  }

  report(): Report {
    try {
      this.#plan ??= JSON.parse(this.native.plan() ?? 'null') as Plan | null;
      return { ...(JSON.parse(this.native.report()) as Report), hosts: this.analyzers.hosts(), plan: this.#plan };
    } catch (error) {
      if (this.#lastReport === undefined) throw this.wrap(error);
      return this.#lastReport;
    }
  }

  get number(): number {
    return this.#stages.run;
  }

  /** A source was added at the end of the list. */
  added(id: string): void {
    this.sourceIds.push(id);
    if (this.#keepsValues)
      for (const [position, { ended }] of this.progress().sources.entries()) if (ended) this.#values.ended(position);
  }

  /** Nothing more comes from this source. */
  removed(id: string): void {
    const position = this.sourceIds.lastIndexOf(id);
    this.#removed.add(position);
    this.#values.ended(position);
  }

  open(): readonly number[] {
    return this.sourceIds.map((_, i) => i).filter((i) => !this.#removed.has(i) && !this.#finished[i]);
  }

  sourceId(position: number): string {
    return this.sourceIds[position] ?? 'submitted';
  }
  labels(module: string): readonly string[] | undefined {
    return this.#labels.get(module);
  }
  pixels(taskId: number, request: object): Uint8Array {
    return this.#native(() => this.native.pixels(taskId, JSON.stringify(request)));
  }
  jpeg(taskId: number, request: object): Uint8Array {
    return this.#native(() => this.native.jpeg(taskId, JSON.stringify(request)));
  }
  keep(taskId: number): boolean {
    return this.#native(() => this.native.keep(taskId));
  }
  release(taskId: number): void {
    this.native.release(taskId);
  }
  get pixelsHint(): string {
    return this.#lease === 'delivered'
      ? 'Read pixels before the next frame is asked for, or call frame.keep() first.'
      : 'Build the pipeline with .keepPixels(), or give the analyzer pixels: true.';
  }

  #native<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw this.wrap(error);
    }
  }
}

/** The native run holds these for as long as it lives: they must not hold the run, or a dropped one would never go. */
function callbacksOf(core: WeakRef<RunCore>): RunCallbacks {
  return {
    task: (question) => core.deref()?.ask(question),
    event: (name, json) => {
      if (name === 'frame') core.deref()?.sampler.frame(json);
      else channel(`framepath:${name}`).publish(JSON.parse(json));
    },
  };
}

export function aborted(cause: unknown): FramepathError {
  return new FramepathError('ABORTED', 'The run was aborted by its signal', { cause });
}
