/** What `encode` can be told. */
import type { SourceRef } from './source.js';
import { sourceRef } from './source.js';
import { anyOf, fields, flag, integer, oneOf, text, unexpected } from './validate.js';

/** Options of `pipeline.encode`. */
export interface EncodeOptions {
  /** default `'h264'` */
  codec?: 'h264' | 'hevc' | 'av1';
  /** speed against size; default `'balanced'` */
  profile?: 'realtime' | 'streaming' | 'balanced' | 'quality' | 'archival';
  /** bits a second; default: constant quality by profile */
  bitrate?: number;
  /** encoder threads; default from the machine */
  threads?: number;
  /**
   * The sound: of the first source (of the start) that has any, of all mixed, none, or of one source by position or id;
   * default `'first'`. With `'mix'` a source that joins is heard from where it is seen; an id that no source has yet is
   * of one that will join. A source that is removed is heard no longer than seen. Mixed sound, and that of a source yet
   * to join, is AAC; other sound is copied when it can be.
   */
  audio?: 'first' | 'mix' | 'none' | SourceRef;
  /** keep packets for `run.packets()`, which must then take them: the run waits for it; default only without a path */
  packets?: boolean;
}

/** @internal */
export function checkEncode(path: unknown, options: unknown): void {
  if (path !== null && path !== undefined && (typeof path !== 'string' || path === ''))
    throw unexpected('a path, a URL, or null for packets only,', 'path', path);
  fields('options', options, {
    codec: oneOf('h264', 'hevc', 'av1'),
    profile: oneOf('realtime', 'streaming', 'balanced', 'quality', 'archival'),
    bitrate: integer(1000, 1e9),
    threads: integer(1, 256),
    audio: anyOf("'first', 'mix', 'none' or a source", text, sourceRef),
    packets: flag,
  });
}
