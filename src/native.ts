/**
 * The only importer of the addon: its shape, and how it is found. Everything here is internal.
 *
 * Conventions: options cross as one JSON string (schema/ has them, generated/specs.ts their types), results as packed `Float64Array`s (see `ResultBlock`), failures as an
 * `Error` with `code`, `hint`, `source`, `module` set natively (wrapped into `FramepathError` by `errors.ts`).
 */
import type { BenchLayout, BenchStage, InputFormat, Profile, SkipLoopFilter, VideoCodec } from './generated/enums.js';
import type { ModelFileSpec, ProviderSpec } from './generated/specs.js';

/**
 * Delivered tasks, packed. `words` is a sequence of records:
 *
 * ```
 * record     = length, taskId, source, seq, index, ptsUs, width, height, modules..., (length counts all words)
 * module     = state, kind, payload            one per module of the spec, in its order
 * state      = 0 nothing, 1 value, 2 carried; with state 0 kind is 0 and there is no payload
 * kind       = 1 detections  n, k, s, height, width, n x (x1 y1 x2 y2 score class), n x k x (x y),
 *                            with s = 1 n x k x (score), with height > 0 n x (length, characters of a mask, eight a word)
 *              2 tracks      n, n x (track detection x1 y1 x2 y2 score marks)
 *              3 people      n, n x (track id detection x1 y1 x2 y2 score)
 *              4 classes     rows, k, rows x k x (index score)
 *              5 tensors     count, count x (rank, dims..., values...)
 *              6 external    (a JS module's value, kept in JS under taskId)
 *              7 box classes n, n x (track x1 y1 x2 y2 k, k x (index score))
 * ```
 */
export interface ResultBlock {
  words: Float64Array;
}

export interface NativePacket {
  data: Uint8Array;
  ptsUs: number;
  dtsUs: number;
  durationUs: number;
  keyframe: boolean;
}

/** What a JS module is asked: to analyze one task. */
export interface ModuleQuestion {
  /** position in the spec */
  module: number;
  taskId: number;
  attempt: number;
  /** has the form of a ResultBlock record: modules that have results so far */
  record: Float64Array;
  /**
   * If the module asked for one:
   *
   * ```
   * input      = slot, capacity, pictures...     where in SharedInputs, or in `cuda` if that is there; 0 0 without pictures
   * picture    = offset (in the slot), bytes, width, height, x1, y1, x2, y2, index (of the box; -1: the whole frame)
   *              of a module with windows
   * input      = 0, 0, windows...
   * window     = track, index, x1, y1, x2, y2, fresh (0 or 1), width, height, bytes, n, n x (slot, capacity)
   * ```
   */
  input?: Float64Array | undefined;
  cuda?: CudaBlock | undefined;
}

/** What a JS module answers; its value stays in JavaScript. */
export type ModuleAnswer =
  /** n x (track id x1 y1 x2 y2 score) of a value whose boxes the native side reads */
  | { kind: 'value'; boxes?: Float64Array | undefined }
  /** `outOfReach`: it cannot read pixels on the GPU, and is asked again with pixels on the host */
  | { kind: 'failed' | 'outOfReach'; code: string; message: string; hint?: string | undefined };

export interface RunCallbacks {
  /** A JS module is asked about a task: must answer exactly once with `run.answer`. */
  task(question: ModuleQuestion): void;
  /**
   * `recovery`: something was lost and the run goes on; JSON {where, what, reason}. `frame`: the times of a frame that is
   * sampled; JSON of FrameTimes and its taskId.
   */
  event(name: 'recovery' | 'frame', json: string): void;
}

/** Memory of a GPU in which inputs lie: one allocation of the driver. */
export interface CudaBlock {
  /** number of the GPU, as this process counts them */
  device: number;
  /** the process that allocated it */
  pid: number;
  /** address in that process, where the module runs there */
  pointer?: bigint;
  /** CUipcMemHandle, 64 bytes, where the module runs in another process */
  handle?: Uint8Array;
}

export interface PixelRequest {
  width?: number;
  height?: number;
  format: InputFormat;
  /** frame pixels */
  crop?: [number, number, number, number];
}

/** Memory for inputs of modules: made (to be given to a run), or mapped from a descriptor that another process gave. */
export interface SharedInputs {
  /** of memory that was made here */
  readonly fd: number;
  /** The bytes of a slot. */
  view(offset: number, capacity: number): ArrayBuffer;
  /** A copy of bytes on a GPU: at an address in this process, or in the block of a handle from another. */
  download(device: number, bytes: number, from: bigint | Uint8Array, offset: number): Uint8Array;
  /** No more views; the pages go with the run. */
  close(): void;
}

export interface NativeRun {
  /** Opens sources, models, encoder and output, then starts. Rejects with whatever does not fit. */
  start(): Promise<void>;
  /** Waits for at least one delivered task (at most `max`); null = the run has ended well. Rejects when it failed. */
  next(max: number): Promise<ResultBlock | null>;
  /** From now on nobody iterates: results count as delivered at once. */
  discard(): void;
  /** Resolves when everything is finished (writers and outputs too), rejects when the run failed. */
  done(): Promise<void>;
  nextPacket(): Promise<NativePacket | null>;
  /** JSON: {state, sources: [{id, done, total, fps, ended}], frames, total, fps, etaMs}; ended: it delivers nothing more */
  progress(): string;
  /** JSON {module: [label...]}: names of classes known from the models' files; asked once, after `start` */
  labels?(): string;
  /** JSON, the report of the CLI's interface */
  report(): string;
  /** JSON of Plan; null before `start` has decided it */
  plan(): string | null;
  /** JSON {identities: [...]}. This and the next four relink on a thread of their own, once while nothing new is seen. */
  timeline(): Promise<string>;
  /** JSON {merged: [[onlineId, finalId]...]} */
  relink(): Promise<string>;
  /** The next part of a source's MOT text with final ids, null at its end; the run keeps rows (`rows`) */
  mot(source: number): Promise<string | null>;
  /** JPEG of every identity with its best shot; null without identities */
  contactSheet(): Promise<Uint8Array | null>;
  /** Identities with their embeddings, for a later run's `bank` */
  bank(): Promise<Uint8Array>;
  /** After so many milliseconds what relinks and writes rows ends as far as it is; null: there is time again. */
  finishWithin(ms: number | null): void;
  /** Trace Event Format (JSON): who worked when; null unless asked for with `trace` */
  trace(): string | null;
  addSource(json: string): Promise<void>;
  removeSource(id: string): Promise<void>;
  /** frames sources: resolves when there is room for the next; false = the source was removed or the run ended */
  pushFrame(source: string, pixels: Uint8Array, ptsUs: number): Promise<boolean>;
  /** no more comes; with `failure`, because the source failed: the others go on */
  endFrames(source: string, failure?: string): void;
  /** JSON {uri} or {width, height, format} with pixels; resolves with one record */
  submit(json: string, pixels?: Uint8Array): Promise<Float64Array>;
  /** An answer that nobody waits for any more is ignored. @throws INVALID_ARGUMENT for boxes that are none */
  answer(question: Pick<ModuleQuestion, 'module' | 'taskId' | 'attempt'>, answer: ModuleAnswer): void;
  /** something was lost and the run goes on: JSON {where, what, reason}, for the report and the event */
  recovered(json: string): void;
  /** every Nth frame of each source is passed to the callback `event`; 0: none */
  sample(every: number): void;
  /** a host answered for a JS module: JSON {module, host, pid, source, seq, startMs, endMs}, for the trace */
  hostServed(json: string): void;
  pixels(taskId: number, json: string): Uint8Array;
  jpeg(taskId: number, json: string): Uint8Array;
  /** hold a delivered frame's pixels past the next `next()`; false = already released */
  keep(taskId: number): boolean;
  release(taskId: number): void;
  /**
   * Sources and modules stop before it returns; resolves when the run is over and its output finished, within two seconds.
   * What it found can still be asked for. drain: true = what is composed is encoded; false = abort. Idempotent.
   */
  end(drain: boolean): Promise<void>;
  /** `end`, then everything is freed. Idempotent. */
  close(drain: boolean): Promise<void>;
}

/**
 * One stage to be measured alone (native/bench/stages.h). Measuring loads the machine and holds the process open until
 * it is over: do it in a child process, one at a time.
 */
export type StageRequest = {
  /** default `cpu` */
  device?: string;
  runtimeLibraries?: string[];
  providers?: ProviderSpec;
  /** measured for at least this long, after a warm-up; default 1 */
  minSeconds?: number;
} & (
  | {
      stage: 'decode';
      clip: string;
      threads?: number;
      skipLoopFilter?: SkipLoopFilter;
      /** where the clip is cut */
      endMs?: number;
    }
  | { stage: 'letterbox'; clip: string; model: ModelFileSpec }
  | { stage: 'detect'; clip: string; model: ModelFileSpec; batch?: number }
  | { stage: 'embed'; clip: string; model: ModelFileSpec; crops?: number; batched?: boolean }
  | { stage: 'track'; objects?: number; frames?: number }
  | {
      stage: 'compose';
      clips: string[];
      layout?: BenchLayout;
      width?: number;
      height?: number;
    }
  | {
      stage: 'encode';
      clip: string;
      codec?: VideoCodec;
      profile?: Profile;
      width?: number;
      height?: number;
      fps?: number;
      /** 0, the default: as many as there are cores */
      threads?: number;
    }
);

/** Totals of the measured window. */
export interface StageFigures {
  stage: BenchStage;
  /** what an item is */
  unit: 'frame' | 'crop' | 'update' | 'canvas';
  items: number;
  wallMs: number;
  /** of the whole process: the threads of libav and of the encoders count */
  cpuMs: number;
  /** instruction set of the kernels */
  isa: string;
  /** what else is known, by stage: batch, size, encoder, delayFrames ... */
  [fact: string]: number | string;
}

export interface NativeAddon {
  version: string;
  /** how many floats a vector of this CPU holds, as far as models care: 16 with AVX-512, else 8 */
  vectorFloats: number;
  /** JSON of SourceInfo */
  probe(uri: string, limitsJson: string): Promise<string>;
  /**
   * JSON: {libav, encoders, runtime: {path, version} or {error}, devices: [{id, description or error}], cuda: the steps to
   * cuda:0, up to the first that fails, and what is known of it, nvml: {gpus, unreadable} or {error, hint}}
   */
  doctor(json: string): Promise<string>;
  /**
   * JSON of the resolved spec, the provider that ran the model and those that fell; input {runtimeLibraries, device, providers,
   * model: ModelFileSpec}, on the CPU unless `device` says otherwise
   */
  inspectModel(json: string): Promise<string>;
  /** JSON of Plan: what `start` of a run with this PipelineSpec would decide. Opens the device and the models, nothing else. */
  resolve(specJson: string): Promise<string>;
  /** offline tracking of given detections (MOT text in, MOT text out); JSON options as the track module's, plus fps */
  trackMot(detections: string, json: string): string;
  /** JSON of StageRequest in, of StageFigures out */
  benchStage(json: string): Promise<string>;
  /** Renders a moving pattern; JSON {path, width, height, fps, frames} */
  benchClip(json: string): Promise<void>;
  errorCodes(): string[];
  Run: new (specJson: string, callbacks: RunCallbacks, inputs?: SharedInputs) => NativeRun;
  SharedInputs: new (fd?: number) => SharedInputs;
  /** This process is killed when the thread that started it ends; false: it has (`parent` is its process). */
  endWithParent(parent: number): boolean;
}
