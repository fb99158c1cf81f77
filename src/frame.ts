/** Frames as JavaScript sees them: results are read when asked for, pixels while they are there. */
import { FramepathError } from './errors.js';
import { type InputFormat, inputFormatNames } from './generated/enums.js';
import type { Box, Tensor } from './generated/results.js';
import type { InputCrop, InputPicture } from './modules/input.js';
import type { Module } from './modules/module.js';
import type { InputWindow } from './modules/window.js';
import type { ResultBlock } from './native.js';
import { kind, moduleHeader, moduleOffsets, readValue, recordHeader } from './packed.js';
import { box, fields, integer, oneOf, unexpected } from './validate.js';

/** What {@link FrameBase.pixels} is asked for. */
export interface PixelsRequest {
  /** default: the width of the crop */
  width?: number;
  /** default: the height of the crop */
  height?: number;
  /** default `'rgb24'` */
  format?: InputFormat;
  /** part of the frame, in its pixels; default all of it */
  crop?: Box;
}

/** Pixels copied to this process's memory; rows without padding. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  format: InputFormat;
}

/** What {@link FrameBase.jpeg} is asked for. */
export interface JpegRequest {
  /** 1 to 100, default 85 */
  quality?: number;
  /** part of the frame, in its pixels; default all of it */
  crop?: Box;
}

/** What every frame has, whatever modules are used. */
export interface FrameBase {
  /** id of its source */
  readonly source: string;
  /** position in its source, counted before stride and limits of rate */
  readonly index: number;
  /** time in its source, milliseconds from `startMs` */
  readonly timeMs: number;
  /** upright, square pixels */
  readonly width: number;
  readonly height: number;
  /**
   * Pixels, scaled. There until the next frame is asked for in pipelines built with `.keepPixels()`, inside analyzers
   * that asked for pixels, and between {@link keep} and {@link close}.
   * @throws FRAME_RELEASED, INVALID_ARGUMENT
   */
  pixels(request?: PixelsRequest): Pixels;
  /** A JPEG picture; there when pixels are. @throws FRAME_RELEASED, INVALID_ARGUMENT */
  jpeg(request?: JpegRequest): Uint8Array;
  /** Keeps the pixels until `close()`; at most `keptFrames` at once. Returns the frame. @throws FRAME_RELEASED */
  keep(): this;
  /** Gives the pixels back; idempotent. Results stay. */
  close(): void;
  /**
   * `{source, index, timeMs}` and the value of every module, null where it has none: what a line of `.results(path)` holds.
   */
  toJSON(): Record<string, unknown>;
}

/** A delivered frame: `frame[name]` is the value of the module of this name. */
export type Frame<Results extends object = object> = FrameBase & Readonly<Results>;

/** Properties of every frame; no module can have these names. @internal */
export const reservedNames: ReadonlySet<string> = new Set([
  'source',
  'index',
  'timeMs',
  'width',
  'height',
  'pixels',
  'jpeg',
  'keep',
  'close',
  'toJSON',
  'then',
  'constructor',
  'relink',
  'input',
]);

/** What frames need from their run. @internal */
export interface FrameOwner {
  sourceId(position: number): string;
  labels(module: string): readonly string[] | undefined;
  /** names of modules that are disabled */
  readonly disabled: readonly string[];
  pixels(taskId: number, request: object): Uint8Array;
  jpeg(taskId: number, request: object): Uint8Array;
  keep(taskId: number): boolean;
  release(taskId: number): void;
  /** why pixels are not there, as a hint */
  readonly pixelsHint: string;
}

/**
 * Pixels of a frame: none; borrowed by an analyzer until it has answered; delivered, there until the next frame is asked for;
 * kept until closed. @internal
 */
export type Lease = 'none' | 'borrowed' | 'delivered' | 'kept';

/** One record; `external` holds the values of JS modules by position. @internal */
export class FrameView implements FrameBase {
  readonly #owner: FrameOwner;
  readonly #modules: readonly Module[];
  readonly #block: ResultBlock;
  readonly #at: number;
  readonly #external: readonly unknown[] | undefined;
  /** the pixels an analyzer asked for, while it looks at the frame */
  declare input: InputPicture | readonly InputCrop[] | readonly InputWindow[] | undefined;
  #offsets: number[] | undefined;
  readonly #read: unknown[] = [];
  #lease: Lease;

  constructor(
    owner: FrameOwner,
    modules: readonly Module[],
    block: ResultBlock,
    at: number,
    lease: Lease,
    external?: readonly unknown[],
  ) {
    this.#owner = owner;
    this.#modules = modules;
    this.#block = block;
    this.#at = at;
    this.#lease = lease;
    this.#external = external;
  }

  #header(column: number): number {
    return this.#block.packed[this.#at + column]!;
  }
  get taskId(): number {
    return this.#header(recordHeader.taskId);
  }
  get position(): number {
    return this.#header(recordHeader.source);
  }
  get seq(): number {
    return this.#header(recordHeader.seq);
  }
  get source(): string {
    return this.#owner.sourceId(this.position);
  }
  get index(): number {
    return this.#header(recordHeader.index);
  }
  get timeMs(): number {
    return this.#header(recordHeader.ptsUs) / 1000;
  }
  get width(): number {
    return this.#header(recordHeader.width);
  }
  get height(): number {
    return this.#header(recordHeader.height);
  }

  /** The value of a module by position, read once. */
  valueAt(module: number): unknown {
    if (!(module in this.#read)) this.#read[module] = this.#readModule(module);
    return this.#read[module];
  }

  #readModule(i: number): unknown {
    const module = this.#modules[i]!;
    this.#offsets ??= moduleOffsets(this.#block, this.#at, this.#modules.length);
    const at = this.#offsets[i]!;
    if (this.#block.packed[at + moduleHeader.kind] === kind.external) return this.#external?.[i];
    const value = readValue(this.#block, at, this.#owner.labels(module.name));
    return value ?? (module.host || module.spec.policy?.onError === 'skip' ? undefined : []);
  }

  pixels(request: PixelsRequest = {}): Pixels {
    const size = integer(1, 16384);
    fields('options', request, { width: size, height: size, format: oneOf(...inputFormatNames), crop: box });
    this.#needPixels();
    const { crop, format = 'rgb24' } = request;
    const full = crop ? [crop[2] - crop[0], crop[3] - crop[1]] : [this.width, this.height];
    if ((request.width === undefined) !== (request.height === undefined)) {
      throw unexpected('both or none of width and height', 'options', request);
    }
    const width = request.width ?? Math.max(1, Math.round(full[0]!));
    const height = request.height ?? Math.max(1, Math.round(full[1]!));
    return { data: this.#owner.pixels(this.taskId, { width, height, format, crop }), width, height, format };
  }

  jpeg(request: JpegRequest = {}): Uint8Array {
    fields('options', request, { quality: integer(1, 100), crop: box });
    this.#needPixels();
    return this.#owner.jpeg(this.taskId, { quality: request.quality ?? 85, crop: request.crop });
  }

  #needPixels(): void {
    if (this.#lease === 'none') throw this.#released();
  }

  #released(): FramepathError {
    const where = { source: this.source, hint: this.#owner.pixelsHint };
    return new FramepathError(
      'FRAME_RELEASED',
      `The pixels of frame ${this.index} of source ${this.source} are gone`,
      where,
    );
  }

  keep(): this {
    if (this.#lease === 'kept') return this;
    if (this.#lease === 'none' || !this.#owner.keep(this.taskId)) throw this.#released();
    this.#lease = 'kept';
    return this;
  }

  close(): void {
    if (this.#lease === 'delivered' || this.#lease === 'kept') this.#owner.release(this.taskId);
    this.#lease = 'none';
  }

  /** Its turn is over: pixels go unless they are kept. */
  pass(): void {
    if (this.#lease !== 'kept') this.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toJSON(): Record<string, unknown> {
    const { source, index, timeMs } = this;
    const values = this.#modules.map((module, i) => [module.name, plain(module, this.valueAt(i))] as const);
    const disabled = this.#owner.disabled.map((name) => [name, null] as const);
    return { source, index, timeMs, ...Object.fromEntries([...values, ...disabled]) };
  }
}

/** A value as JSON can hold it. */
function plain({ shape }: Module, value: unknown): unknown {
  if (value === undefined) return null;
  if (shape !== 'tensors') return value;
  return (value as Tensor[]).map(({ dims, data }) => ({ dims, data: Array.from(data) }));
}

/** The class of a run's frames: one getter a module. @internal */
export function frameClass(modules: readonly Module[]): typeof FrameView {
  const Class = class Frame extends FrameView {};
  modules.forEach((module, i) => {
    Object.defineProperty(Class.prototype, module.name, {
      get(this: FrameView) {
        return this.valueAt(i);
      },
      enumerable: true,
    });
  });
  return Class;
}
