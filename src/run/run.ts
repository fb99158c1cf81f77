/** A run as its user holds it. */
import type { Frame, FrameBase } from '../frame.js';
import { type InputFormat, inputFormatNames, pixelFormatNames } from '../generated/enums.js';
import type { FrameTimes, Progress, Recording, Relink, Report, Timeline } from '../generated/results.js';
import { recordOptionsRules } from '../generated/rules.js';
import type { RecordOptions } from '../generated/specs.js';
import { Layout, layoutSpec } from '../layout.js';
import { type Limits, limits, resolveLimits } from '../limits.js';
import { localPath } from '../local-path.js';
import type { NativePacket } from '../native.js';
import { gains } from '../output.js';
import { audioGains, positions, sourceSpec } from '../plan.js';
import { type PixelFormat, pictureBytes, Source, type SourceRef } from '../source.js';
import { fields, integer, isA, number, oneOf, type Rule, text, unexpected } from '../validate.js';
import type { RunCore } from './core.js';

/** Compressed bytes with times, from `run.packets()`. */
export type Packet = NativePacket;

/** A picture for {@link Run.submit}: pixels without row padding. */
export interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
  /** default `'rgb24'` */
  format?: PixelFormat;
}

/** What {@link Run.canvases} are asked for. */
export interface CanvasRequest {
  /** default: the canvas's, or in its proportions */
  width?: number;
  /** default: the canvas's, or in its proportions */
  height?: number;
  /** default `'rgb24'` */
  format?: InputFormat | 'jpeg';
  /** of a JPEG: 1 to 100, default 85 */
  quality?: number;
}

/** A canvas in this process's memory: rows without padding, or a JPEG file. */
export interface Canvas {
  data: Uint8Array;
  width: number;
  height: number;
  format: InputFormat | 'jpeg';
  /** number of the picture, from 0 */
  index: number;
  /** time in the composition, milliseconds */
  timeMs: number;
}

const canvasRules = {
  width: integer(1, 16384),
  height: integer(1, 16384),
  format: oneOf(...inputFormatNames, 'jpeg'),
  quality: integer(1, 100),
};

const bytes: Rule = (name, value) => {
  if (!isA(Uint8Array, value)) throw unexpected('a Uint8Array', name, value);
};
const pictureRules = {
  data: bytes,
  width: integer(1, 16384),
  height: integer(1, 16384),
  format: oneOf(...pixelFormatNames),
};

/**
 * A started pipeline: iterate it for frames in order, each exactly once. `break` closes it and finishes its files.
 * Without an iterator, awaiting {@link done} drives it.
 * @example
 * ```ts
 * try { for await (const frame of run) console.log(frame.index); } finally { await run.close(); }
 * ```
 */
export class Run<Results extends object = object> implements AsyncIterable<Frame<Results>>, AsyncDisposable {
  readonly #core: RunCore;
  #iterator: AsyncGenerator<Frame<Results>, void, undefined> | undefined;
  #driving = false;
  #adding: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(core: RunCore) {
    this.#core = core;
  }

  /** One iterator a run: asking again gives the same. @throws whatever ended the run */
  [Symbol.asyncIterator](): AsyncGenerator<Frame<Results>, void, undefined> {
    this.#iterator ??= this.#iterate();
    return this.#iterator;
  }

  async *#iterate(): AsyncGenerator<Frame<Results>, void, undefined> {
    let over = false;
    try {
      for (;;) {
        const frames = await this.#core.pull();
        over = frames === null;
        if (!frames) return;
        for (const frame of frames) {
          if (this.#core.closing) return; // its pixels may be gone, and nobody wants it any more
          yield frame as FrameBase as Frame<Results>;
          frame.pass();
        }
      }
    } catch (error) {
      over = true;
      throw error;
    } finally {
      if (!over) await this.close();
    }
  }

  /**
   * Resolves when the run has ended, files and output included; rejects when it failed. Asking for it drives a run that
   * nobody iterates.
   */
  get done(): Promise<void> {
    this.#drive();
    return this.#core.ended;
  }

  /** Gives whoever asked the chance to start iterating first. */
  #drive(): void {
    if (this.#driving || this.#iterator) return;
    this.#driving = true;
    setImmediate(() => {
      this.#core
        .drain(() => this.#iterator !== undefined)
        .catch(() => undefined) // `done` and the iterator reject with it
        .finally(() => {
          this.#driving = false;
        });
    });
  }

  /** How far the run is; a snapshot. */
  get progress(): Progress {
    return this.#core.progress();
  }

  /** Stage times, drops, copies, models, outputs; at any time, complete once the run has ended. */
  async report(): Promise<Report> {
    return this.#core.report();
  }

  /** Number of the run in this thread, from 1: what the messages of `framepath:stage` and metrics call it. */
  get number(): number {
    return this.#core.number;
  }

  /**
   * From now on `listener` gets the times of every Nth frame of each source, as soon as all modules have a result for it; for
   * tracing. Returns a function that ends it; the run's end does too. Costs a few microseconds per reported frame, nothing
   * for the others.
   * @throws INVALID_ARGUMENT
   */
  frameTimes(every: number, listener: (times: FrameTimes) => void): () => void {
    integer(1)('every', every);
    if (typeof listener !== 'function') throw unexpected('a function', 'listener', listener);
    return this.#call(() => this.#core.sampler.add(every, listener));
  }

  /** Who was seen when; final once the run has ended. */
  async timeline(): Promise<Timeline> {
    return JSON.parse(await this.#wait(this.#core.native.timeline())) as Timeline;
  }

  /** Merges identities that are the same person; final once the run has ended. */
  async relink(): Promise<Relink> {
    return JSON.parse(await this.#wait(this.#core.native.relink())) as Relink;
  }

  /** Identities with their embeddings, for the `bank` of a later `identify`. */
  bank(): Promise<Uint8Array> {
    return this.#wait(this.#core.native.bank());
  }

  /**
   * The packets of an output: pictures in decoding order, and its audio as far as the pictures have come. Needs `encode(path, { packets: true })` or `encode(null)`; drives a run
   * that nobody iterates.
   * @param output its name; default the only one that keeps packets
   * @throws INVALID_ARGUMENT
   */
  async *packets(output?: string): AsyncGenerator<Packet, void, undefined> {
    if (output !== undefined) text('output', output);
    this.#drive();
    for (;;) {
      const packet = await this.#wait(this.#core.native.nextPacket(output ?? ''));
      if (!packet) return;
      yield packet;
    }
  }

  /**
   * Every canvas of a composition, as pixels or JPEG, scaled on the device. Needs `compose(layout, { canvases: true })`;
   * drives a run that nobody iterates. Files wait for a slow reader; of live sources it misses canvases, where there are
   * outputs too.
   * @param composition its name; default the only one that keeps canvases
   * @throws INVALID_ARGUMENT
   */
  async *canvases(composition?: string, options: CanvasRequest = {}): AsyncGenerator<Canvas, void, undefined> {
    if (composition !== undefined) text('composition', composition);
    fields('options', options, canvasRules);
    const { format = 'rgb24', ...size } = options;
    const request = JSON.stringify({
      ...size,
      ...(format === 'jpeg' ? { jpeg: true } : { format }),
      name: composition ?? '',
    });
    this.#drive();
    for (;;) {
      const canvas = await this.#wait(this.#core.native.nextCanvas(request));
      if (!canvas) return;
      yield { ...canvas, format };
    }
  }

  /**
   * One picture through all modules, batched with everything else; outside of every source and of the order of frames.
   * At most `maxPending` of them may be unanswered (and 512 MiB of pixels): one more rejects with `BUSY` at once.
   * Modules that need that order (trackers, identities, analyzers that are not `stateless`, `classify` of tracks) have no
   * result for it: a run with one of them refuses pictures, with GRAPH_INVALID.
   * @param image a path or URL, or pixels; encoded bytes are not taken
   * @param options `limits` of what a path or URL may be; default none
   * @throws INVALID_ARGUMENT, GRAPH_INVALID, SOURCE_NOT_FOUND, SOURCE_UNREADABLE, BUSY, RUN_CLOSED, MODULE_FAILED
   */
  async submit(image: string | Picture, options: { limits?: 'untrusted' | Limits } = {}): Promise<Frame<Results>> {
    fields('options', options, { limits });
    if (typeof image === 'string') {
      text('image', image);
      return this.#submitted({ uri: localPath(image), limits: resolveLimits(image, options.limits) });
    }
    if (image === null || typeof image !== 'object')
      throw unexpected('a path, a URL or { data, width, height }', 'image', image);
    fields('image', image, pictureRules);
    bytes('image.data', image.data);
    const { data, width, height, format = 'rgb24' } = image;
    pictureRules.width('image.width', width);
    pictureRules.height('image.height', height);
    const size = pictureBytes(format, width, height);
    if (data.byteLength !== size)
      throw unexpected(`${size} bytes (${width}x${height} ${format})`, 'image.data', data.byteLength);
    return this.#submitted({ width, height, format }, data);
  }

  async #submitted(request: object, pixels?: Uint8Array): Promise<Frame<Results>> {
    return (await this.#wait(this.#core.submit(request, pixels))) as FrameBase as Frame<Results>;
  }

  /** A source joins; its id. @throws INVALID_ARGUMENT, RUN_CLOSED, and what opening it throws */
  async add(source: Source): Promise<string> {
    if (!isA(Source, source)) throw unexpected('a source', 'source', source);
    const added = this.#adding.then(() => this.#add(source)); // in turn: a source's position is the order of adding
    this.#adding = added.catch(() => undefined);
    return added;
  }

  async #add(source: Source): Promise<string> {
    const id = source.spec.id ?? String(this.#core.sourceIds.length);
    if (this.#core.sourceIds.includes(id)) throw unexpected('an id that no other source has', 'id', id);
    await this.#wait(this.#core.native.addSource(JSON.stringify(sourceSpec(source, id))));
    this.#core.added(id);
    this.#core.feed(id, source);
    return id;
  }

  /**
   * Another layout from the next canvas on, of the size and rate that the canvas has (leave them out). Positions count every
   * source that was in the run; a tile that names an id is kept for the sources of that id. It reads no module that the run's first layout
   * does not.
   * @param options `composition`: its name; default the only one. `transitionMs`: the last canvas of the old layout fades out over so many milliseconds; default 0, a cut
   * @throws INVALID_ARGUMENT, GRAPH_INVALID, RUN_CLOSED
   */
  layout(layout: Layout, options: { composition?: string; transitionMs?: number } = {}): void {
    if (!isA(Layout, layout)) throw unexpected('a layout', 'layout', layout);
    fields('options', options, { composition: text, transitionMs: number(0, 60_000) });
    const { sourceIds, disabled, native } = this.#core;
    const position = positions(sourceIds);
    const named = (ref: SourceRef, name: string) => (typeof ref === 'string' ? -1 : position(ref, name));
    const spec = layoutSpec(layout, sourceIds.length, named, new Map(disabled.map((name) => [name, true])));
    const { width = 0, height = 0 } = layout.canvas;
    const { composition = '', transitionMs = 0 } = options;
    this.#call(() => native.setLayout(composition, JSON.stringify({ ...spec, width, height }), transitionMs * 1000));
  }

  /**
   * How loud sources are in the outputs of a composition, from the next canvas on; within 20 ms, without a click. Sources that are
   * not named stay as they are. Outputs must carry them: those with `audio: 'mix'` or gains by id carry several.
   * @param options `sources`: gains by id, 1 as it is, 0 muted, at most 100. `only`: id of the one source that is heard, all others are muted, those that join later included. `composition`: its name; default the only one
   * @throws INVALID_ARGUMENT (an unknown source, one that no output carries, one whose packets an output copies, a gain out of range), RUN_CLOSED
   */
  audio(options: { sources?: Readonly<Record<string, number>>; only?: string; composition?: string }): void {
    fields('options', options, { sources: gains, only: text, composition: text });
    const { sources = {}, only, composition = '' } = options;
    if (only === undefined && options.sources === undefined) throw unexpected('sources or only', 'options', options);
    const change = { gains: audioGains(sources), ...(only !== undefined && { only }) };
    this.#call(() => this.#core.native.setAudio(composition, JSON.stringify(change)));
  }

  /**
   * Writes a clip of a live source that has a `recorder`: from `preMs` before this call until `postMs` after it, without
   * encoding anything again. It begins with the last keyframe before that time, so it may be longer, or shorter where less is
   * kept; the audio goes along. Resolves when the file is at its path. Recordings may overlap. A source that is lost
   * meanwhile goes on in the clip behind a gap; one that ends, or comes back as another stream, ends it, as `close()` does.
   * @param source its id
   * @param path a new file beside which the clip is written until it is whole: `.mp4`, `.m4v`, `.mov`, `.mkv`, `.ts`, `.m2ts`
   * @example `await run.record('door', 'event.mp4', { preMs: 5000, postMs: 10_000 })`
   * @throws INVALID_ARGUMENT, OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL, OUTPUT_FAILED (not one picture came), BUSY, RUN_CLOSED
   */
  async record(source: string, path: string, options: RecordOptions = {}): Promise<Recording> {
    text('source', source);
    text('path', path);
    fields('options', options, recordOptionsRules);
    const ids = this.#core.sourceIds;
    if (!ids.includes(source)) throw unexpected(`one of the sources ${ids.join(', ')}`, 'source', source, ids);
    return JSON.parse(await this.#wait(this.#core.native.record(JSON.stringify({ ...options, source, path }))));
  }

  /** A source leaves; resolves when its last task has finished or was counted as cancelled. @throws INVALID_ARGUMENT, RUN_CLOSED */
  async remove(id: string): Promise<void> {
    text('id', id);
    const ids = this.#core.sourceIds;
    if (!ids.includes(id)) throw unexpected(`one of the sources ${ids.join(', ')}`, 'id', id, ids);
    await this.#wait(this.#core.native.removeSource(id));
    this.#core.removed(id);
  }

  /**
   * Stops the sources, drops what was not delivered, drains composed frames, finishes every file, frees everything, within
   * two seconds. Allowed in every state, any number of times. @throws OUTPUT_FAILED when there was no time for a file
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#core.wrap(error);
    }
  }

  async #wait<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#core.wrap(error);
    }
  }
}
