/**
 * The only importer of the addon: its shape, and how it is found. Everything here is internal.
 *
 * Conventions: options cross as one JSON string (schema/ has them, generated/specs.ts their types), results as packed
 * `Float64Array`s (see `ResultBlock`) or JSON (generated/results.ts), failures as an `Error` with `code`, `hint`, `source`, `module` set natively (wrapped into `FramepathError` by `errors.ts`).
 */

/**
 * Delivered tasks: a sequence of records, made of the rows of schema/packed.mjs.
 *
 * ```
 * record   = RecordHeader, module...              one module per module of the spec, in its order
 * module   = ModuleHeader, payload                by its kind:
 *   detections  DetectionsHeader, DetectionRow..., (x y)... of keypoints, scores of these, TextRange... of masks
 *   tracks      n, TrackRow...
 *   people      n, PersonRow...
 *   classes     ClassesHeader, ClassRow...
 *   tensors     n, (rank, dims..., values...)...
 *   boxClasses  n, (BoxClassesRow, ClassRow...)...
 *   external    nothing: the value is kept in JavaScript, under the task and the module of the header
 * ```
 */
export interface ResultBlock {
  packed: Float64Array;
  /** ASCII; of results with masks */
  text?: Uint8Array | undefined;
}

/** A canvas as pixels or JPEG. */
export interface NativeCanvas {
  data: Uint8Array;
  width: number;
  height: number;
  /** number of the picture, from 0 */
  index: number;
  timeMs: number;
}

export interface NativePacket {
  /** what it is of */
  stream: 'video' | 'audio';
  /** `h264`, `hevc`, `av1`; `aac`, `mp3`, ... */
  codec: string;
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
  /** one record: results of the modules that it depends on */
  record: ResultBlock;
  /**
   * If the module asked for one: SlotRow (in SharedInputs, or in `cuda` if that is there), PictureRow...; of a module with
   * windows SlotRow (0 0), then WindowRow and a SlotRow for each of its crops.
   */
  input?: Float64Array | undefined;
  cuda?: CudaBlock | undefined;
}

/** What a JS module answers; its value stays in JavaScript. */
export type ModuleAnswer =
  /** rows of BoxRow of a value whose boxes the native side reads */
  | { kind: 'value'; boxes?: Float64Array | undefined }
  /** `outOfReach`: it cannot read pixels on the GPU, and is asked again with pixels on the host */
  | { kind: 'failed' | 'outOfReach'; code: string; message: string; hint?: string | undefined };

export interface RunCallbacks {
  /** A JS module is asked about a task: must answer exactly once with `run.answer`. */
  task(question: ModuleQuestion): void;
  /**
   * `recovery`: something was lost and the run goes on; JSON of Recovery. `frame`: the times of a frame that is sampled; JSON
   * of SampledFrame.
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
  /** of the output of this name; empty: the only one that keeps packets */
  nextPacket(output: string): Promise<NativePacket | null>;
  /** @param request JSON of CanvasRequest */
  nextCanvas(request: string): Promise<NativeCanvas | null>;
  /** JSON of Progress */
  progress(): string;
  /** JSON {module: [label...]}: names of classes known from the models' files; asked once, after `start` */
  labels?(): string;
  /** JSON of Report, without what JavaScript adds */
  report(): string;
  /** JSON of Plan; null before `start` has decided it */
  plan(): string | null;
  /** JSON of Timeline. This and the next four relink on a thread of their own, once while nothing new is seen. */
  timeline(): Promise<string>;
  /** JSON of Relink */
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
  /** JSON of LayoutSpec, a size of 0 the canvas's own; of the composition of this name, empty: the only one */
  setLayout(composition: string, json: string, transitionUs: number): void;
  /** JSON of AudioChange, of a composition as above */
  setAudio(composition: string, json: string): void;
  removeSource(id: string): Promise<void>;
  /** frames sources: resolves when there is room for the next; false = the source was removed or the run ended */
  pushFrame(source: string, pixels: Uint8Array, ptsUs: number): Promise<boolean>;
  /** no more comes; with `failure`, because the source failed: the others go on */
  endFrames(source: string, failure?: string): void;
  /** JSON of SubmitRequest; resolves with one record */
  submit(json: string, pixels?: Uint8Array): Promise<ResultBlock>;
  /** JSON of RecordRequest in, of Recording out, when the clip is written */
  record(json: string): Promise<string>;
  /** False: nobody waits for it any more, and it is ignored. @throws INVALID_ARGUMENT for boxes that are none */
  answer(question: Pick<ModuleQuestion, 'module' | 'taskId' | 'attempt'>, answer: ModuleAnswer): boolean;
  /** something was lost and the run goes on: JSON of RecoveryNote, for the report and the event */
  recovered(json: string): void;
  /** every Nth frame of each source is passed to the callback `event`; 0: none */
  sample(every: number): void;
  /** a host answered for a JS module: JSON of HostSpan, for the trace */
  hostServed(json: string): void;
  /** JSON of PixelRequest */
  pixels(taskId: number, json: string): Uint8Array;
  /** JSON of JpegSettings */
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

export interface NativeAddon {
  version: string;
  /** how many floats a vector of this CPU holds, as far as models care: 16 with AVX-512, else 8 */
  vectorFloats: number;
  /** JSON of SourceInfo */
  probe(uri: string, limitsJson: string): Promise<string>;
  /** JSON of DoctorRequest in, of MachineFindings out */
  doctor(json: string): Promise<string>;
  /** JSON of InspectRequest in, of ModelFindings out; on the CPU unless `device` names another */
  inspectModel(json: string): Promise<string>;
  /** JSON of Plan: what `start` of a run with this PipelineSpec would decide. Opens the device and the models, nothing else. */
  resolve(specJson: string): Promise<string>;
  /** offline tracking of given detections (MOT text in, MOT text out); JSON options as the track module's, plus fps */
  trackMot(detections: string, json: string): string;
  /**
   * JSON of StageRequest in, of StageFigures out. Measuring loads the machine and holds the process open until it is over:
   * do it in a child process, one at a time.
   */
  benchStage(json: string): Promise<string>;
  /** Renders a moving pattern; JSON of ClipRequest */
  benchClip(json: string): Promise<void>;
  errorCodes(): string[];
  Run: new (specJson: string, callbacks: RunCallbacks, inputs?: SharedInputs) => NativeRun;
  SharedInputs: new (fd?: number) => SharedInputs;
  /** This process is killed when the thread that started it ends; false: it has (`parent` is its process). */
  endWithParent(parent: number): boolean;
}
