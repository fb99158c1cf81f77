/** A run in memory: sources count frames, modules say what the script says, JS modules are really asked. */
import type {
  ModuleSpec,
  NativePacket,
  NativeRun,
  PipelineSpec,
  ResultBlock,
  RunCallbacks,
  SourceSpec,
} from '../../src/native.js';
import { carried, detections, external, nothing, people, record, type Said, type Task, tracks } from './records.js';

export interface Script {
  /** frames of each file, by position; default 10 */
  frames?: number[];
  /** frames a second of each file, by position; default 25 */
  fps?: number[];
  says?(module: ModuleSpec, task: Task): Said;
  startError?: Error;
  /** fails instead of producing this task */
  failAt?: { taskId: number; error: Error };
  /** what close(true) rejects with */
  closeError?: Error;
  packets?: number;
  sourceReports?: object[];
  outputs?: object[];
}

export function codedError(code: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

/** Something to wait for. */
class Signal {
  #waiting: (() => void)[] = [];
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  fire(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

interface FakeSource {
  spec: SourceSpec;
  seq: number;
  pushed: number[];
  ended: boolean;
}

export class FakeRun implements NativeRun {
  readonly sources: FakeSource[];
  readonly leased = new Set<number>();
  readonly kept = new Set<number>();
  readonly calls: string[] = [];
  produced = 0;
  delivered = 0;
  mostQueued = 0;
  state = 'new';
  #queue: { task: Task; words: number[] }[] = [];
  #changed = new Signal();
  #answers = new Map<string, (answer: { state: number; message?: string }) => void>();
  /** answers that later frames carry, by source, module and first frame */
  readonly #spoken = new Map<string, Promise<unknown>>();
  #discarding = false;
  #failure: Error | undefined;
  #taskId = 1;
  #packetsLeft: number;

  constructor(
    readonly spec: PipelineSpec,
    readonly callbacks: RunCallbacks,
    readonly script: Script,
  ) {
    this.sources = spec.sources.map((source) => ({ spec: source, seq: 0, pushed: [], ended: false }));
    this.#packetsLeft = script.packets ?? 0;
  }

  async start(): Promise<void> {
    this.calls.push('start');
    if (this.script.startError) throw this.script.startError;
    this.state = 'running';
    for (let i = 0; i < this.sources.length; i++) void this.#produce(i);
  }

  get #over(): boolean {
    return this.state !== 'running';
  }

  async #produce(position: number): Promise<void> {
    const source = this.sources[position]!;
    const count = this.script.frames?.[position] ?? 10;
    const live: Promise<void>[] = [];
    for (let seq = 0; source.spec.kind === 'frames' || seq < count; seq++) {
      while (this.#queued(position) >= (this.spec.resultQueue ?? 64) && !this.#over) await this.#changed.wait();
      while (source.spec.kind === 'frames' && source.pushed.length === 0 && !source.ended && !this.#over)
        await this.#changed.wait();
      if (this.#over || (source.ended && source.pushed.length === 0)) break;
      const fps = this.script.fps?.[position] ?? 25;
      const ptsUs = source.spec.kind === 'frames' ? source.pushed.shift()! : Math.round((seq * 1e6) / fps);
      const task = { taskId: this.#taskId++, source: position, seq, index: seq, ptsUs, width: 640, height: 360 };
      this.#changed.fire();
      live.push(this.#trip(task, live.at(-1)));
      if (live.length >= (this.spec.inFlight ?? 8)) await live.shift();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(live);
    source.ended = true;
    if (!this.#over && !this.spec.open && this.sources.every(({ ended }) => ended)) this.state = 'ended';
    this.#changed.fire();
  }

  async #trip(task: Task, before: Promise<void> | undefined): Promise<void> {
    if (this.script.failAt?.taskId === task.taskId) return this.#fail(this.script.failAt.error);
    const said: Said[] = [];
    for (const [i, module] of this.spec.modules.entries()) {
      const words = module.kind === 'js' ? await this.#ask(i, module, task, said) : this.#says(module, task);
      if (this.#over) return;
      said.push(words);
    }
    await before;
    if (this.#over) return;
    this.produced++;
    if (this.#discarding) this.delivered++;
    else this.#queue.push({ task, words: record(task, said) });
    if (this.spec.keepPixels && !this.#discarding) this.leased.add(task.taskId);
    this.mostQueued = Math.max(this.mostQueued, this.#queued(task.source));
    this.#changed.fire();
  }

  #says(module: ModuleSpec, task: Task): Said {
    if (this.script.says) return this.script.says(module, task);
    return {
      detect: detections,
      track: tracks,
      identify: people,
      classify: () => nothing,
      raw: () => nothing,
      js: () => nothing,
    }[module.kind](2, task.seq);
  }

  async #ask(i: number, module: ModuleSpec, task: Task, said: readonly Said[]): Promise<Said> {
    const stride = module.policy?.stride ?? 1;
    const group = `${task.source}/${i}/${task.seq - (task.seq % stride)}`;
    if (task.seq % stride !== 0) {
      await this.#spoken.get(group);
      return carried;
    }
    const rest = this.spec.modules.slice(said.length).map(() => nothing);
    const asked = new Promise<{ state: number; message?: string }>((resolve) => {
      this.#answers.set(`${i}/${task.taskId}`, resolve);
      this.callbacks.task(i, task.taskId, Float64Array.from(record(task, [...said, ...rest])), 1);
    });
    this.#spoken.set(group, asked);
    const answer = await asked;
    const fallback = this.spec.modules.findIndex(({ name }) => name === module.policy?.fallback);
    if (answer.state === 2 && module.policy?.onError === 'fallback') return said[fallback] ?? nothing;
    if (answer.state === 2 && module.policy?.onError !== 'skip') {
      this.#fail(
        codedError('MODULE_FAILED', `Module '${module.name}' failed: ${answer.message}`, { module: module.name }),
      );
    }
    return answer.state === 1 ? external : nothing;
  }

  answer(module: number, taskId: number, _attempt: number, state: 0 | 1 | 2, more?: string | Float64Array): void {
    const { message } = JSON.parse(state === 2 ? String(more) : '{}') as { message?: string };
    const key = `${module}/${taskId}`;
    const resolve = this.#answers.get(key);
    if (!resolve) throw new Error(`answered twice: ${key}`);
    this.#answers.delete(key);
    resolve({ state, message });
  }

  recovered(json: string): void {
    this.callbacks.event('recovery', json);
  }

  sample(every: number): void {
    this.calls.push(`sample ${every}`);
  }
  hostServed(): void {}

  #queued(source: number): number {
    return this.#queue.filter(({ task }) => task.source === source).length;
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#failure = error;
    this.state = 'failed';
    this.#changed.fire();
  }

  async next(max: number): Promise<ResultBlock | null> {
    for (const id of this.leased)
      if (!this.kept.has(id) && !this.#queue.some(({ task }) => task.taskId === id)) this.leased.delete(id);
    while (this.#queue.length === 0 && this.state === 'running') await this.#changed.wait();
    if (this.#failure) throw this.#failure;
    if (this.#queue.length === 0) return null;
    const taken = this.#queue.splice(0, max);
    this.delivered += taken.length;
    this.#changed.fire();
    return { words: Float64Array.from(taken.flatMap(({ words }) => words)) };
  }

  discard(): void {
    this.calls.push('discard');
    this.#discarding = true;
    this.delivered += this.#queue.splice(0).length;
    this.#changed.fire();
  }

  async done(): Promise<void> {
    while (this.state === 'running' || (this.state === 'ended' && this.#queue.length > 0)) await this.#changed.wait();
    if (this.#failure) throw this.#failure;
  }

  async nextPacket(): Promise<NativePacket | null> {
    await this.done();
    if (this.#packetsLeft-- <= 0) return null;
    return { data: new Uint8Array(4), ptsUs: 0, dtsUs: 0, durationUs: 40_000, keyframe: true };
  }

  progress(): string {
    const sources = this.sources.map(({ spec, seq, ended }) => ({ id: spec.id, done: seq, total: 0, fps: 25, ended }));
    return JSON.stringify({ state: this.state, sources, frames: this.produced, total: 0, fps: 25, etaMs: 0 });
  }
  report(): string {
    const stages = this.spec.modules.map(({ name, kind }) => ({
      name,
      kind,
      count: this.produced,
      batches: this.produced,
      ...idle,
    }));
    return JSON.stringify({
      device: 'cpu',
      wallMs: 1,
      sources: this.script.sourceReports ?? [],
      stages,
      outputs: this.script.outputs ?? [],
      recoveries: [],
      live: {},
    });
  }
  timeline(): string {
    return JSON.stringify({ identities: [{ id: 1, subIds: [], spans: [], frames: this.delivered }] });
  }
  relink(): string {
    return JSON.stringify({ merged: [[2, 1]] });
  }
  mot(source: number): string {
    return `1,1,0,0,8,8,1,-1,-1,${source}\n`;
  }
  contactSheet(): Uint8Array | null {
    return Uint8Array.of(0xff, 0xd8);
  }
  bank(): Uint8Array {
    return Uint8Array.of(1);
  }
  trace(): string | null {
    return this.spec.trace ? '{"traceEvents":[]}' : null;
  }

  async addSource(json: string): Promise<void> {
    this.sources.push({ spec: JSON.parse(json) as SourceSpec, seq: 0, pushed: [], ended: false });
    void this.#produce(this.sources.length - 1);
  }
  async removeSource(id: string): Promise<void> {
    const source = this.sources.find(({ spec }) => spec.id === id);
    if (source) source.ended = true;
    this.#changed.fire();
  }

  async pushFrame(id: string, pixels: Uint8Array, ptsUs: number): Promise<boolean> {
    const source = this.sources.find(({ spec }) => spec.id === id)!;
    while (source.pushed.length >= 2 && !this.#over && !source.ended) await this.#changed.wait();
    if (this.#over || source.ended || pixels.byteLength === 0) return false;
    source.pushed.push(ptsUs);
    this.#changed.fire();
    return true;
  }
  endFrames(id: string, failure?: string): void {
    this.calls.push(`endFrames ${id}`);
    if (failure) this.#fail(Object.assign(new Error(failure), { code: 'SOURCE_FAILED', source: id }));
    this.sources.find(({ spec }) => spec.id === id)!.ended = true;
    this.#changed.fire();
  }

  async submit(json: string): Promise<Float64Array> {
    const { width = 640, height = 360 } = JSON.parse(json) as { width?: number; height?: number };
    const task = { taskId: this.#taskId++, source: -1, seq: 0, index: 0, ptsUs: 0, width, height };
    const said: Said[] = [];
    for (const [i, module] of this.spec.modules.entries()) {
      said.push(module.kind === 'js' ? await this.#ask(i, module, task, said) : this.#says(module, task));
    }
    return Float64Array.from(record(task, said));
  }

  pixels(taskId: number, json: string): Uint8Array {
    const { width, height, format } = JSON.parse(json) as { width: number; height: number; format: string };
    const perPixel = format === 'rgb24' ? 3 : format === 'nv12' ? 1.5 : 1;
    return new Uint8Array(width * height * perPixel).fill(taskId);
  }
  jpeg(): Uint8Array {
    return Uint8Array.of(0xff, 0xd8);
  }
  keep(taskId: number): boolean {
    if (!this.leased.has(taskId) || this.kept.size >= (this.spec.keptFrames ?? 8)) return false;
    this.kept.add(taskId);
    return true;
  }
  release(taskId: number): void {
    this.kept.delete(taskId);
    this.leased.delete(taskId);
  }

  async end(drain: boolean): Promise<void> {
    await this.close(drain);
  }

  async close(drain: boolean): Promise<void> {
    this.calls.push(`close ${drain}`);
    if (drain && this.script.closeError && this.state === 'running') {
      this.state = 'closed';
      this.#changed.fire();
      throw this.script.closeError;
    }
    if (this.state === 'running' || this.state === 'new' || this.state === 'ended') this.state = 'closed';
    this.#queue = [];
    this.leased.clear();
    this.kept.clear();
    this.#changed.fire();
  }
}

const times = { p50: 1, p95: 2, p99: 3, max: 4 };
const idle = { waitMs: times, serviceMs: times, busy: 0.5 };
