/** Sources: files and URLs, image lists, cameras, pushed pixels. */
import type { PixelFormat } from './generated/enums.js';
import { fileOptionsRules, framesValuesRules, recorderOptionsRules } from './generated/rules.js';
import type { FileOptions, FramesValues, RecorderOptions, SourceSpec } from './generated/specs.js';
import { type Limits, limits, resolveLimits } from './limits.js';
import { localPath } from './local-path.js';
import { anyOf, fields, flag, integer, isA, list, number, type Rule, text, unexpected } from './validate.js';

export type { PixelFormat };

/** Options of {@link video}. */
export interface VideoOptions extends FileOptions {
  /** default: the position among the sources, as a string */
  id?: string;
  /**
   * Longest gap between two pictures, in milliseconds; default 10 000. A longer one (and longer than three frame intervals)
   * is cut out, audio included, and counted among the report's recoveries: `timeMs` is the time without such gaps, and goes
   * on one frame interval after the last picture. A clock that is set back goes on in the same way. `startMs` and `endMs`
   * are times of the file, gaps included. 0 cuts out every gap of more than three frame intervals, `Infinity` none.
   */
  maxGapMs?: number;
  /**
   * attempts in a row to open a live network source again when it was lost or is down at the start, with pauses of 0.25 s
   * growing to 8 s, before the source fails; 0 = a loss is final, `Infinity` = as many as it takes. Default 10
   */
  reconnect?: number;
  /** keep the last seconds of a live source as they came, for `run.record()`; default: nothing is kept */
  recorder?: RecorderOptions;
  /** what the source may be and reach; default no limits but the protocols, see {@link Limits} */
  limits?: 'untrusted' | Limits;
}

/** Options of {@link camera}. */
export type CameraOptions = Omit<VideoOptions, 'startMs' | 'endMs' | 'live'>;

/** Options of {@link images}. */
export interface ImagesOptions extends Pick<VideoOptions, 'id' | 'limits'> {
  /** pictures a second of their times; default 1 */
  fps?: number;
}

/** Options of {@link frames}. */
export interface FramesOptions extends FramesValues {
  id?: string;
  width: number;
  height: number;
  /** as of {@link video}: counts from 0, the first frame too; `Infinity` keeps times as they are given. Default 10 000 */
  maxGapMs?: number;
  /** `true`: frames are dropped when the run is busy instead of the iterable being held back; default false */
  live?: boolean;
  /** as of {@link video}; default 1000 */
  maxAgeMs?: number;
}

/** One pushed frame: bytes, or bytes with their time. */
export type PushedFrame = Uint8Array | { data: Uint8Array; timeMs: number };

/** A source of frames; made by {@link video}, {@link images}, {@link camera} or {@link frames}. */
export class Source {
  /** @internal */
  readonly spec: Omit<SourceSpec, 'id'> & { id?: string };
  /** @internal */
  readonly pushed: AsyncIterable<PushedFrame> | Iterable<PushedFrame> | undefined;

  /** @internal */
  constructor(spec: Source['spec'], pushed?: Source['pushed']) {
    this.spec = spec;
    this.pushed = pushed;
  }
}

const gap: Rule = (name, value) => {
  if (value !== Number.POSITIVE_INFINITY) number(0)(name, value);
};
/** @internal */
export const attempts: Rule = (name, value) => {
  if (value !== Number.POSITIVE_INFINITY) integer(0, 1_000_000)(name, value);
};
/** JSON knows no Infinity. @internal */
export const finite = <Name extends string>(name: Name, value: number | undefined): { [name in Name]?: number } =>
  value === undefined
    ? {}
    : ({ [name]: value === Number.POSITIVE_INFINITY ? -1 : value } as { [name in Name]: number });

const { live, maxAgeMs, reconnect: _reconnect, required, ...fileRules } = fileOptionsRules;
const videoRules = {
  id: text,
  ...fileRules,
  maxGapMs: gap,
  limits,
  live,
  maxAgeMs,
  reconnect: attempts,
  required,
  recorder: ((name, value) => fields(name, value, recorderOptionsRules)) as Rule,
};

/**
 * A video file or URL: everything the installed libav decodes.
 * @example `video('left.mp4', { startMs: 10_000, endMs: 20_000 })`
 * @throws INVALID_ARGUMENT
 */
export function video(uri: string | URL, options: VideoOptions = {}): Source {
  const address = isA(URL, uri) ? uri.href : uri;
  text('uri', address);
  fields('options', options, videoRules);
  if (options.endMs !== undefined && options.endMs <= (options.startMs ?? 0))
    throw unexpected('more than startMs', 'endMs', options.endMs);
  return stream(address, options);
}

/** What `video` and `camera` make of options that have been checked. */
function stream(address: string, { limits: stated, maxGapMs, reconnect, ...rest }: VideoOptions): Source {
  return new Source({
    kind: 'file',
    uri: localPath(address),
    ...rest,
    ...finite('maxGapMs', maxGapMs),
    ...finite('reconnect', reconnect),
    limits: resolveLimits(address, stated),
  });
}

/**
 * A camera: a stream URL. Live: frames are dropped, and counted, when the run is busy; a stream that ends or breaks off
 * is opened again (`reconnect`), and its times go on by the clock.
 * @example `camera('rtsp://10.0.0.7/stream')`
 * @throws INVALID_ARGUMENT
 */
export function camera(uri: string | URL, options: CameraOptions = {}): Source {
  const address = isA(URL, uri) ? uri.href : uri;
  text('uri', address);
  const { startMs: _start, endMs: _end, live: _live, ...cameraRules } = videoRules;
  fields('options', options, cameraRules);
  return stream(address, { ...options, live: true });
}

/**
 * Pictures as frames of one source, in the order given.
 * @example `images(['a.jpg', 'b.png'], { fps: 2 })`
 * @throws INVALID_ARGUMENT
 */
export function images(paths: readonly string[], options: ImagesOptions = {}): Source {
  list(text, 1)('paths', paths);
  fields('options', options, { id: text, fps: number(0.001, 1000), limits });
  const spec = {
    kind: 'images' as const,
    images: paths.map(localPath),
    ...(options.fps !== undefined && { imageFps: options.fps }),
    limits: resolveLimits(paths[0]!, options.limits),
  };
  return new Source({ ...spec, ...(options.id !== undefined && { id: options.id }) });
}

/**
 * Pixels pushed from an iterable, which is held back while the run is busy.
 * @example
 * ```ts
 * frames(renderer(), { width: 1280, height: 720, format: 'rgba', fps: 60 })
 * ```
 * @throws INVALID_ARGUMENT
 */
export function frames(iterable: AsyncIterable<PushedFrame> | Iterable<PushedFrame>, options: FramesOptions): Source {
  if (typeof iterable === 'string' || !isIterable(iterable))
    throw unexpected('an async iterable of pixels', 'iterable', iterable);
  fields('options', options, {
    id: text,
    width: integer(1, 16384),
    height: integer(1, 16384),
    ...framesValuesRules,
    maxGapMs: gap,
    live: flag,
    maxAgeMs,
  });
  integer(1, 16384)('width', options.width);
  integer(1, 16384)('height', options.height);
  const { maxGapMs, ...rest } = options;
  return new Source({ kind: 'frames', ...rest, ...finite('maxGapMs', maxGapMs) }, iterable);
}

function isIterable(value: unknown): boolean {
  const source = value as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  try {
    return Boolean(source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator]);
  } catch {
    return false;
  }
}

/** Bytes of one picture. @internal */
export function pictureBytes(format: PixelFormat, width: number, height: number): number {
  const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  switch (format) {
    case 'rgb24':
    case 'bgr24':
      return width * height * 3;
    case 'rgba':
      return width * height * 4;
    case 'gray8':
      return width * height;
    case 'nv12':
    case 'yuv420p':
      return width * height + chroma;
  }
}

/** A reference to a source: its position or its id. */
export type SourceRef = number | string;

/** Rule of a source reference. @internal */
export const sourceRef: Rule = anyOf('the position or id of a source', integer(0), text);
