/** What a run says about itself. The formats are stable: the CLI writes them as they are. */
import type { ErrorCode } from '../errors.js';
import type { Box } from '../results.js';

/** How far a run is. */
export interface Progress {
  state: string;
  sources: { id: string; done: number; total: number; fps: number; ended?: boolean }[];
  /** frames delivered or dropped so far */
  frames: number;
  /** frames expected, 0 = unknown */
  total: number;
  fps: number;
  /** 0 = unknown */
  etaMs: number;
}

/** Times of one kind in one stage. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** One stage of a run: a module, a decoder, the composer, the encoder. */
export interface StageReport {
  name: string;
  kind: string;
  count: number;
  batches: number;
  workers: number;
  failures: number;
  waitMs: Percentiles;
  serviceMs: Percentiles;
  /** part of the run's time it was at work, over its workers */
  busy: number;
}

/** The report of a run. */
export interface Report {
  device: string;
  wallMs: number;
  cpuMs: number;
  peakRssBytes: number;
  sources: {
    id: string;
    uri: string;
    width: number;
    height: number;
    fps: number;
    in: number;
    delivered: number;
    /** by cause; `in = delivered + dropped + inFlight` at every moment */
    dropped: Record<string, number>;
    inFlight: number;
    /** pictures decoded, corrupt ones left out, frames left out by stride and rate */
    decoded: number;
    decodeErrors: number;
    /** of `decoded`, by a GPU's decoder */
    decodedOnGpu: number;
    skipped: number;
    /** times a live source was lost and came back, and the attempts that the current outage may still take */
    reconnects?: number;
    reconnectsLeft?: number;
    /** why the source ended early; the others went on */
    error?: { code: ErrorCode; message: string };
  }[];
  stages: StageReport[];
  reid: { detections: number; extracted: number; changed: number; ms: number };
  copies: { h2dImage: number; d2hImage: number; d2hEncode: number; d2hRequested: number; d2hResults: number };
  models: { name: string; sha256: string; provider: string; fixes: string[] }[];
  /** what went on in another way than asked, and why; the latest thousand */
  recoveries: { where: string; what: string; reason: string }[];
  outputs: { path: string; codec: string; frames: number; durationMs: number; complete: boolean; hasAudio: boolean }[];
  /** what the crops that follow people did; acceleration of their centres in source pixels per second squared */
  follow: {
    tile: number;
    ticks: number;
    switches: number;
    wideTicks: number;
    rmsAcceleration: number;
    maxAcceleration: number;
  }[];
  /**
   * What is alive: tasks, leases of pixels, device memory, encoders. All 0 after `close()`, but for an encoder that a break
   * left behind (and a picture in it): it frees itself soon after.
   */
  live: Record<string, number>;
}

/** Who was seen when. */
export interface Timeline {
  identities: {
    id: number;
    subIds: { source: string; track: number }[];
    spans: { source: string; startMs: number; endMs: number }[];
    frames: number;
    best: { source: string; timeMs: number; box: Box; score: number };
  }[];
}

/** Which identities turned out to be the same person. */
export interface Relink {
  /** online id, final id */
  merged: [number, number][];
}
