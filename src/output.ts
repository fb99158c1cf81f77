/** Options of `compose` and `encode`. */
import type { AudioMode } from './generated/enums.js';
import { encodeValuesRules } from './generated/rules.js';
import type { EncodeValues } from './generated/specs.js';
import type { SourceRef } from './source.js';
import { attempts, sourceRef } from './source.js';
import { anyOf, byName, fields, flag, integer, list, number, type Rule, text, unexpected } from './validate.js';

/** Bits per second, at least 1000. */
export interface BitrateRange {
  min: number;
  /** at least `min` */
  max: number;
}

/** Options of `pipeline.compose`. */
export interface ComposeOptions {
  /** what `run.canvases()` and the report call it; default its position, `'0'` first */
  name?: string;
  /**
   * sources that it takes frames of, and may show; default all of the run, or, where there are other compositions, those that
   * the layout shows. Its canvases end with the last of them
   */
  sources?: readonly SourceRef[];
  /** keep each canvas for `run.canvases()`, which must then take them: the run waits for it; default false */
  canvases?: boolean;
}

/** Options of `pipeline.encode`. */
export interface EncodeOptions extends Omit<EncodeValues, 'bitrate'> {
  /** what `run.packets()` and the report call it; default its path, `'packets'` without one */
  name?: string;
  /**
   * Bits per second; default: constant quality by profile.
   *
   * A number is the average. `{ min, max }` follows the pictures: what changes between two canvases, times how fine it is, is
   * measured four times a second, and the target moves between `min` (stills) and `max` (noise, motion of fine detail). One
   * second takes at most `max` plus half of it; stills take less than `min` where there is nothing to spend it on. The report
   * has the result (`outputs[].bitrate`). Only H.264 (x264) takes another rate while it runs: HEVC and AV1 encode at
   * constant quality with `max` as cap, go below `min` where that is enough, and report it as a recovery.
   */
  bitrate?: number | BitrateRange;
  /**
   * The audio; without a path default `'none'`: of the first shown source (of the start) that has any, of all shown ones mixed, none, or of one source by position or id;
   * default `'first'`. With `'mix'` a source that joins is heard from where it is seen; an id that no source has yet is
   * of one that will join. A source that is removed is heard no longer than seen. Mixed audio, and that of a source yet
   * to join, is AAC; other audio is copied when possible. `{ id: gain }` mixes these sources, each as loud as stated: 1 as it
   * is, 0 muted, until `run.audio()` changes it.
   */
  audio?: AudioMode | SourceRef | Readonly<Record<string, number>>;
  /**
   * Of a URL: attempts in a row to connect again when the connection was lost, with pauses of 0.25 s growing to 8 s, before the
   * output fails; 0 = a loss is final, `Infinity` = as many as it takes. Default 10. Five steady seconds restore the budget.
   *
   * Where the composition goes by the clock (`realtime`, or a live source), nothing waits: packets are left out until the
   * peer is back, and counted (`outputs[].lost`); it then begins with a keyframe. A peer that is down at the start is one
   * that was lost, unless the output is `required`. A composition of files at full speed waits for its peer instead, and
   * `start()` fails with OUTPUT_UNWRITABLE where it is down.
   */
  reconnect?: number;
  /** keep packets for `run.packets()`, which must then take them: the run waits for it; default only without a path */
  packets?: boolean;
}

/** A side of a picture to encode. @internal */
export const even: Rule = (name, value) => {
  integer(16, 16384)(name, value);
  if ((value as number) % 2) throw unexpected('an even number', name, value);
};

/** How loud sources are, by id. @internal */
export const gains = byName(number(0, 100));

const bits = integer(1000, 1e9);

const bitrateRange: Rule = (name, value) => {
  fields(name, value, { min: bits, max: bits });
  const { min, max } = value as Partial<BitrateRange>;
  if (min === undefined || max === undefined || min > max) throw unexpected('min and max', name, value);
};

/** @internal */
export function checkCompose(options: unknown): void {
  fields('options', options, { name: text, sources: list(sourceRef, 1), canvases: flag });
}

/** Of values that stand alone. @internal */
export const encodeRules = { ...encodeValuesRules, reconnect: attempts, width: even, height: even };

/** @internal */
export function checkEncode(path: unknown, options: unknown): void {
  if (path !== null && path !== undefined) anyOf('a path, a URL, or null for packets only,', text)('path', path);
  fields('options', options, {
    ...encodeRules,
    name: text,
    bitrate: anyOf('bits per second (1000 to 1e9) or { min, max } of them with min <= max', bits, bitrateRange),
    audio: anyOf("'first', 'mix', 'none', a source, or gains (0 to 100) by id", text, sourceRef, gains),
    packets: flag,
  });
}
