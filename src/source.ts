/** Sources: files and URLs, image lists, cameras, pushed pixels. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LimitsSpec, SourceSpec } from './native.js';
import { anyOf, fields, flag, integer, isA, list, number, oneOf, type Rule, text, unexpected } from './validate.js';

/** What a source from outside may be. `'untrusted'` = 10 GiB, its own folder only, no other protocol than its own. */
export interface Limits {
  /** largest size in bytes; default none */
  maxBytes?: number;
  /** local files, also those that a playlist names, must lie below this folder; default none */
  jail?: string;
  /** allowed libavformat protocols, e.g. `['file']`; default all */
  protocols?: string[];
}

/** Options of {@link video}. */
export interface VideoOptions {
  /** default: the position among the sources, as a string */
  id?: string;
  /** start here, in milliseconds of the file; default 0 */
  startMs?: number;
  /** end here, in milliseconds of the file; default its end */
  endMs?: number;
  /** take every Nth frame; default 1 */
  stride?: number;
  /** leave frames out so that no more than this many a second remain; default all */
  maxFps?: number;
  /**
   * who decodes: `'auto'` the GPU of the run where it can, else libav on the CPU; `'software'` the CPU always;
   * `'hardware'` the GPU or nobody: the source then fails where `'auto'` would fall back. Default `'auto'`
   */
  decoder?: 'auto' | 'software' | 'hardware';
  /** decoder threads, in software; default from the machine. Of a live source they share a picture's slices: none waits */
  threads?: number;
  /**
   * For which pictures the decoder leaves out its deblocking filter (H.264, HEVC and others that have one): less
   * decoding time, for pictures that are looked at by models only; in software only. Default `'none'`; what it gives and
   * costs: docs/performance.md, `framepath bench --only options`.
   */
  skipLoopFilter?: 'none' | 'nonref' | 'all';
  /** limits of what the source may be; default none */
  limits?: 'untrusted' | Limits;
  /** a live source drops frames when the run is busy, a file waits; default: what the container says */
  live?: boolean;
  /**
   * attempts in a row to open a live network source again when it was lost, with pauses of 0.25 s growing to 8 s, before
   * the source fails; default 10, 0 = a loss is final
   */
  reconnect?: number;
}

/** Options of {@link camera}. */
export type CameraOptions = Pick<
  VideoOptions,
  'id' | 'stride' | 'maxFps' | 'decoder' | 'threads' | 'skipLoopFilter' | 'limits' | 'reconnect'
>;

/** Options of {@link images}. */
export interface ImagesOptions extends Pick<VideoOptions, 'id' | 'limits'> {
  /** pictures a second of their times; default 1 */
  fps?: number;
}

/** How pushed bytes are laid out, rows without padding. */
export type PixelFormat = 'rgb24' | 'bgr24' | 'rgba' | 'gray8' | 'nv12' | 'yuv420p';

/** Options of {@link frames}. */
export interface FramesOptions {
  id?: string;
  width: number;
  height: number;
  /** default `'rgb24'` */
  format?: PixelFormat;
  /** rate of frames that come without a time; default 30 */
  fps?: number;
  /** `true`: frames are dropped when the run is busy instead of the iterable being held back; default false */
  live?: boolean;
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

const gibibyte = 1024 ** 3;
const limitRules = { maxBytes: integer(0), jail: text, protocols: list(text) };
/** @internal */
export const limits: Rule = (name, value) => {
  if (value !== 'untrusted') fields(name, value, limitRules);
};
const videoRules = {
  id: text,
  startMs: number(0),
  endMs: number(0),
  stride: integer(1),
  maxFps: number(0.001),
  decoder: oneOf('auto', 'software', 'hardware'),
  threads: integer(1, 256),
  skipLoopFilter: oneOf('none', 'nonref', 'all'),
  limits,
  live: flag,
  reconnect: integer(0, 1_000_000),
};

/** The native form of limits for one URI. @internal */
export function resolveLimits(uri: string, value: VideoOptions['limits']): LimitsSpec | undefined {
  if (value === undefined) return undefined;
  if (value !== 'untrusted')
    return {
      maxBytes: value.maxBytes ?? 0,
      jail: value.jail ? resolve(value.jail) : '',
      protocols: value.protocols ?? [],
    };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1]?.toLowerCase();
  if (!scheme || scheme === 'file')
    return { maxBytes: 10 * gibibyte, jail: dirname(resolve(localPath(uri))), protocols: ['file'] };
  const below =
    scheme === 'https' || scheme === 'http'
      ? ['http', 'https', 'tls', 'tcp', 'crypto']
      : [scheme, 'tcp', 'udp', 'tls', 'rtp'];
  return { maxBytes: 10 * gibibyte, jail: '', protocols: [...new Set(below)] };
}

/** A URI as the native side takes it: the path of a `file://` URL, anything else as it is. @internal */
export function localPath(uri: string): string {
  if (!/^file:\/\//i.test(uri)) return uri;
  try {
    return fileURLToPath(uri);
  } catch {
    throw unexpected('a file URL of this machine, e.g. file:///srv/a.mp4,', 'uri', uri);
  }
}

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
  const { limits: stated, ...rest } = options;
  return new Source({ kind: 'file', uri: localPath(address), ...rest, limits: resolveLimits(address, stated) });
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
  const { id, stride, maxFps, decoder, threads, skipLoopFilter, limits: rule, reconnect } = videoRules;
  fields('options', options, { id, stride, maxFps, decoder, threads, skipLoopFilter, limits: rule, reconnect });
  const { limits: stated, ...rest } = options;
  return new Source({
    kind: 'file',
    uri: localPath(address),
    ...rest,
    live: true,
    limits: resolveLimits(address, stated),
  });
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
    imageFps: options.fps ?? 1,
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
  const formats = oneOf('rgb24', 'bgr24', 'rgba', 'gray8', 'nv12', 'yuv420p');
  fields('options', options, {
    id: text,
    width: integer(1, 16384),
    height: integer(1, 16384),
    format: formats,
    fps: number(0.001, 1000),
    live: flag,
  });
  integer(1, 16384)('width', options.width);
  integer(1, 16384)('height', options.height);
  return new Source(
    { kind: 'frames', ...options, format: options.format ?? 'rgb24', fps: options.fps ?? 30 },
    iterable,
  );
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
