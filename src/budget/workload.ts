/** What a machine is asked to carry, and what its stages were measured to cost. Plain data. */

import { type Profile, profileNames, type SkipLoopFilter, skipLoopFilterNames } from '../generated/enums.js';

export { type Profile, profileNames as profiles };

/** A decoder's saving, see `VideoOptions.skipLoopFilter`. */
export type Skip = Exclude<SkipLoopFilter, 'none'>;

export const skips = skipLoopFilterNames.filter((name): name is Skip => name !== 'none');

/** Streams of one kind that arrive in real time. */
export interface Workload {
  streams: number;
  /** pictures a second that each stream delivers; all of them are decoded */
  fps: number;
  /** pictures a second that go on after decoding (`maxFps` of a source); default all */
  maxFps?: number;
  /** from a picture's arrival to its result, or to its packet when it is encoded */
  latencyMs: number;
  /** pictures that are decoded without their deblocking filter (`skipLoopFilter` of a source); default none */
  skipLoopFilter?: Skip;
  /** detect and track */
  detect: boolean;
  /** every Nth picture goes through the detector */
  stride?: number;
  /** every stream is encoded on a canvas of its own; absent: no stream is */
  encode?: Profile;
}

/** What one picture costs in one stage, alone. */
export interface StageCost {
  /** CPU time of all its threads */
  cpuMs: number;
  /** encode: pictures that are held back before the first packet comes out */
  delayFrames?: number;
}

/** Stages measured alone on one machine, for one picture size and one model. */
export interface Costs {
  cores: number;
  height: number;
  decode: StageCost;
  decodeSkipping?: Record<Skip, StageCost>;
  detect?: StageCost;
  track?: StageCost;
  compose?: StageCost;
  encode?: Partial<Record<Profile, StageCost>>;
}

/** The names of a budget's rows, in the order of a picture's way. */
export type StageName = 'decode' | 'detect' | 'track' | 'compose' | 'encode';
