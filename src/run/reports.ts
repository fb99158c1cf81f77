/** What a run says about itself. The formats are stable: the CLI writes them as they are. */
import type { ErrorCode } from '../errors.js';
import type { RateControl } from '../generated/enums.js';
import type { Plan } from '../generated/plan.js';
import type { Provider } from '../providers/provider.js';
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
  /** all of them together */
  sum: number;
  /** how many were below so many milliseconds, and not below half of it; from 0.002, those with none left out */
  octaves: [belowMs: number, count: number][];
}

/** One stage of a run: a module, a decoder, the composer, the encoder. */
export interface StageReport {
  name: string;
  kind: string;
  count: number;
  batches: number;
  workers: number;
  failures: number;
  /** of a module: `value`, `carried`, or why it returned no value (`none`, `error`, `dependency`, ...), how often */
  results: Record<string, number>;
  /** of a module: frames that wait for it now */
  queued: number;
  waitMs: Percentiles;
  serviceMs: Percentiles;
  /** part of the run's time it was at work, over its workers */
  busy: number;
}

/** One output of a run. */
export interface OutputReport {
  path: string;
  codec: string;
  frames: number;
  durationMs: number;
  /** of the video, without audio */
  bytes: number;
  bitrate: BitrateReport;
  complete: boolean;
  hasAudio: boolean;
}

/** How the bitrate of an output came about; all rates are bits per second. */
export interface BitrateReport {
  /**
   * `quality`: constant quality by profile. `constant`: the number that was asked for, on average. `adaptive`: followed the
   * pictures inside `{ min, max }`. `capped`: `{ min, max }` of an encoder that keeps its rate: constant quality, `max` as cap.
   */
  control: RateControl;
  /** of the video as written, without audio */
  mean: number;
  /** target given to the encoder; `null` where it decides itself (`quality`, `capped`) */
  target: { min: number; mean: number; max: number } | null;
  /** mean complexity of the pictures, 0 (still, plain) to 1 (noise, motion); `null` unless `adaptive` */
  complexity: number | null;
}

/** Mean, largest and latest of the samples. */
export interface Range {
  mean: number;
  max: number;
  last: number;
}

/** A thread or process that answers for an analyzer ([docs/analyzers.md](../../docs/analyzers.md)). */
export interface HostReport {
  module: string;
  kind: 'thread' | 'process' | 'python';
  /** which of the module's `instances`, from 0 */
  instance: number;
  /** of the process, or of the one its thread is in; `null` while there is none */
  pid: number | null;
  state: 'starting' | 'ready' | 'busy' | 'failed' | 'closed';
  /** answers it gave, errors too */
  answers: number;
  /** times it was started again */
  restarts: number;
  /** in `analyze`, all answers together and the longest, as measured by the host */
  busyMs: number;
  longestMs: number;
}

/**
 * Readings of the run's GPU by NVML, once a second while the run was. A reading that NVML does not give is `null`, and
 * `missing` says why. They are of the whole GPU, whoever uses it.
 */
export interface GpuReport {
  /** why there are none at all (no NVML, another driver), else `null` */
  error: string | null;
  name: string;
  driver: string;
  uuid: string;
  /** `0000:65:00.0` */
  pciBusId: string;
  /** divided into instances: NVML gives no utilisation then */
  mig: boolean;
  memoryTotalBytes: number;
  samples: number;
  /** percent of the time in which a kernel ran; memory was read or written */
  sm: Range | null;
  memoryController: Range | null;
  /** percent, of NVENC and NVDEC */
  encoder: Range | null;
  decoder: Range | null;
  memoryBytes: Range | null;
  temperatureC: Range | null;
  powerW: Range | null;
  /** the periods over which NVML averages the engines' percent */
  samplingMs: { encoder: number; decoder: number };
  /** reading -> reason */
  missing: Record<string, string>;
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
  /** of analyzers that run in threads, processes and Python */
  hosts: HostReport[];
  reid: {
    /** boxes of tracks seen, crops embedded, tracks that got another identity by their looks */
    detections: number;
    extracted: number;
    changed: number;
    /**
     * Identities of one source that keep a few of their embeddings (they were not among the last 256 seen), and those that
     * keep none any more: seen again, they are somebody new. See "Long runs" in docs/performance.md.
     */
    thinned: number;
    forgotten: number;
    ms: number;
  };
  copies: { h2dImage: number; d2hImage: number; d2hEncode: number; d2hRequested: number; d2hResults: number };
  models: {
    name: string;
    sha256: string;
    provider: Provider;
    /** providers that were tried before that one, and why they do not run the model */
    falls: { provider: Provider; reason: string }[];
    /** most pictures or crops of one run */
    batch: number;
    fixes: string[];
  }[];
  /** what went on in another way than asked, and why; the first and the latest five hundred */
  recoveries: { where: string; what: string; reason: string }[];
  /** how often each `what` of the recoveries came, the older ones too */
  recovered: Record<string, number>;
  outputs: OutputReport[];
  /** what the crops that follow people did; acceleration of their centres in source pixels per second squared */
  follow: {
    tile: number;
    ticks: number;
    switches: number;
    wideTicks: number;
    rmsAcceleration: number;
    maxAcceleration: number;
  }[];
  /** every option of the run with its value, who decided it and why; `null` of a run that failed before */
  plan: Plan | null;
  /** `null` on the CPU */
  gpu: GpuReport | null;
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
