/** The metrics of a run: one list, for Prometheus and for OpenTelemetry, read from the run's report. */
import type { HostReport, Percentiles, Report, StageReport } from '../generated/results.js';

export type Labels = Readonly<Record<string, string>>;

/** One number, or one histogram, of one thing. */
export type Sample =
  | { labels: Labels; value: number }
  | {
      labels: Labels;
      sum: number;
      count: number;
      /** cumulative buckets: [upper bound, count], without infinity */
      below: [number, number][];
    };

/** A metric; the name is Prometheus', in base units. */
export interface Family {
  name: string;
  help: string;
  kind: 'counter' | 'gauge' | 'histogram';
  read(report: Report): Sample[];
}

const seconds = (ms: number): number => ms / 1000;
const ratio = (percent: number): number => percent / 100;

/** Powers of two from 128 us to 8.4 s: octaves of the native histograms, so that no count is estimated. */
const boundsMs = Array.from({ length: 17 }, (_, k) => 0.128 * 2 ** k);

export function histogram(labels: Labels, { sum, octaves }: Percentiles): Sample {
  let count = 0;
  let at = 0;
  const below = boundsMs.map((bound): [number, number] => {
    // half an octave of room, because bounds are not exact in floating point
    for (; at < octaves.length && octaves[at]![0] < bound * 1.5; at++) count += octaves[at]![1];
    return [Number(seconds(bound).toPrecision(6)), count];
  });
  for (; at < octaves.length; at++) count += octaves[at]![1];
  return { labels, sum: seconds(sum), count, below };
}

const one = (value: number, labels: Labels = {}): Sample => ({ labels, value });
/** One sample an entry: `name` is the label that its key goes to. */
const entries = (record: Record<string, number>, name: string, labels: Labels = {}): Sample[] =>
  Object.entries(record).map(([key, value]) => one(value, { ...labels, [name]: key }));

const counter = (name: string, help: string, read: Family['read']): Family => ({ name, help, kind: 'counter', read });
const gauge = (name: string, help: string, read: Family['read']): Family => ({ name, help, kind: 'gauge', read });

type Source = Report['sources'][number];
const ofSources =
  (value: (source: Source) => number | undefined): Family['read'] =>
  ({ sources }) =>
    sources.flatMap((source) => {
      const number = value(source);
      return number === undefined ? [] : [one(number, { source: source.id })];
    });

const ofModules =
  (read: (stage: StageReport) => Sample[]): Family['read'] =>
  ({ stages }) =>
    stages.filter(({ kind }) => kind === 'module').flatMap(read);

const ofHosts =
  (value: (host: HostReport) => number): Family['read'] =>
  ({ hosts }) =>
    hosts.map((host) => one(value(host), { module: host.module, kind: host.kind, instance: `${host.instance}` }));

type Gpu = NonNullable<Report['gpu']>;
const ofGpu =
  (read: (gpu: Gpu) => Sample[]): Family['read'] =>
  ({ gpu }) =>
    gpu && gpu.samples > 0 ? read(gpu) : [];
const last = (range: Gpu['sm'], scale = (value: number) => value, labels: Labels = {}): Sample[] =>
  range ? [one(scale(range.last), labels)] : [];

export const families: readonly Family[] = [
  gauge('framepath_run_info', 'Always 1; the device of the run.', ({ device }) => [one(1, { device })]),
  gauge('framepath_run_duration_seconds', 'Duration of the run so far, or of the whole run.', ({ wallMs }) => [
    one(seconds(wallMs)),
  ]),
  counter('framepath_cpu_seconds_total', 'CPU time of the process since the run started.', ({ cpuMs }) => [
    one(seconds(cpuMs)),
  ]),

  counter(
    'framepath_frames_total',
    'Frames that entered the run.',
    ofSources((source) => source.in),
  ),
  counter(
    'framepath_frames_delivered_total',
    'Frames whose results were delivered.',
    ofSources((s) => s.delivered),
  ),
  counter('framepath_frames_dropped_total', 'Frames dropped, by cause.', ({ sources }) =>
    sources.flatMap(({ id, dropped }) => entries(dropped, 'cause', { source: id })),
  ),
  gauge(
    'framepath_frames_in_flight',
    'Frames that entered and are neither delivered nor dropped.',
    ofSources((s) => s.inFlight),
  ),
  counter('framepath_decoded_frames_total', 'Pictures decoded, by decoder.', ({ sources }) =>
    sources.flatMap(({ id, decoded, decodedOnGpu }) => [
      one(decoded - decodedOnGpu, { source: id, decoder: 'software' }),
      one(decodedOnGpu, { source: id, decoder: 'gpu' }),
    ]),
  ),
  counter(
    'framepath_decode_errors_total',
    'Corrupt pictures left out.',
    ofSources((source) => source.decodeErrors),
  ),
  counter(
    'framepath_source_reconnects_total',
    'Reconnections of a live source.',
    ofSources((s) => s.reconnects),
  ),

  counter(
    'framepath_results_total',
    'Results of modules, one a frame: value, carried, or why there is no value.',
    ofModules(({ name, results }) => entries(results, 'result', { module: name })),
  ),
  counter(
    'framepath_failures_total',
    'Frames at which a module failed, retries done.',
    ofModules(({ name, failures }) => [one(failures, { module: name })]),
  ),
  gauge(
    'framepath_queue_frames',
    'Frames that wait for a module.',
    ofModules(({ name, queued }) => [one(queued, { module: name })]),
  ),
  counter(
    'framepath_stage_batches_total',
    'Batches of a stage; frames divided by batches is the mean batch.',
    ({ stages }) => stages.flatMap(({ name, batches }) => [one(batches, { stage: name })]),
  ),
  gauge(
    'framepath_stage_busy_ratio',
    "Part of the run's time that a stage was at work, over its workers.",
    ({ stages }) => stages.flatMap(({ name, busy }) => [one(busy, { stage: name })]),
  ),
  {
    name: 'framepath_stage_wait_seconds',
    help: 'How long a frame waited for a stage.',
    kind: 'histogram',
    read: ({ stages }) => stages.flatMap(({ name, waitMs }) => [histogram({ stage: name }, waitMs)]),
  },
  {
    name: 'framepath_stage_service_seconds',
    help: 'How long a stage worked on a frame, or on the batch it was in.',
    kind: 'histogram',
    read: ({ stages }) => stages.flatMap(({ name, serviceMs }) => [histogram({ stage: name }, serviceMs)]),
  },

  counter(
    'framepath_host_answers_total',
    'Answers of the threads and processes of analyzers.',
    ofHosts(({ answers }) => answers),
  ),
  counter(
    'framepath_host_busy_seconds_total',
    'Time that threads and processes of analyzers spent in analyze, as they measured it.',
    ofHosts(({ busyMs }) => seconds(busyMs)),
  ),
  counter(
    'framepath_host_restarts_total',
    'Restarts of the threads and processes of analyzers.',
    ofHosts(({ restarts }) => restarts),
  ),
  gauge(
    'framepath_host_up',
    '1 while a thread or process of an analyzer can answer.',
    ofHosts(({ state }) => (state === 'ready' || state === 'busy' ? 1 : 0)),
  ),
  counter('framepath_recoveries_total', 'Recoveries of the run, by kind.', ({ recovered }) =>
    entries(recovered, 'kind'),
  ),

  counter('framepath_copied_bytes_total', 'Bytes copied between host and device, by reason.', ({ copies }) =>
    entries({ ...copies }, 'reason'),
  ),
  counter('framepath_encoded_frames_total', 'Pictures encoded.', ({ outputs }) =>
    outputs.map(({ name, frames }) => one(frames, { output: name })),
  ),
  counter('framepath_encoded_bytes_total', 'Bytes of encoded pictures, without audio.', ({ outputs }) =>
    outputs.map(({ name, bytes }) => one(bytes, { output: name })),
  ),
  counter('framepath_output_reconnects_total', 'Reconnections of a network output.', ({ outputs }) =>
    outputs.map(({ name, reconnects }) => one(reconnects, { output: name })),
  ),
  counter('framepath_output_lost_frames_total', 'Pictures left out while an output was away.', ({ outputs }) =>
    outputs.map(({ name, lost }) => one(lost, { output: name })),
  ),
  counter('framepath_reid_detections_total', 'Detections given to identify.', ({ reid }) =>
    reid ? [one(reid.detections)] : [],
  ),
  counter('framepath_reid_crops_total', 'Crops that identify embedded.', ({ reid }) =>
    reid ? [one(reid.extracted)] : [],
  ),

  gauge('framepath_live_objects', 'Live native objects: tasks, leases of pixels, encoders.', ({ live }) => {
    const { deviceBytes: _, ...objects } = live;
    return entries(objects, 'kind');
  }),
  gauge('framepath_device_memory_bytes', 'Memory of the device that the run holds.', ({ live }) =>
    live.deviceBytes === undefined ? [] : [one(live.deviceBytes)],
  ),
  gauge('framepath_peak_resident_memory_bytes', 'Peak resident memory of the process.', ({ peakRssBytes }) =>
    peakRssBytes === undefined ? [] : [one(peakRssBytes)],
  ),

  gauge(
    'framepath_gpu_utilization_ratio',
    'Share of time that the GPU is busy, for all its users.',
    ofGpu((gpu) => [
      ...last(gpu.sm, ratio, { engine: 'sm' }),
      ...last(gpu.memoryController, ratio, { engine: 'memory' }),
      ...last(gpu.encoder, ratio, { engine: 'encoder' }),
      ...last(gpu.decoder, ratio, { engine: 'decoder' }),
    ]),
  ),
  gauge(
    'framepath_gpu_memory_used_bytes',
    'Memory of the GPU in use, by all its users.',
    ofGpu((gpu) => last(gpu.memoryBytes)),
  ),
  gauge(
    'framepath_gpu_memory_total_bytes',
    'Memory of the GPU.',
    ofGpu((gpu) => [one(gpu.memoryTotalBytes)]),
  ),
  gauge(
    'framepath_gpu_temperature_celsius',
    'Temperature of the GPU.',
    ofGpu((gpu) => last(gpu.temperatureC)),
  ),
  gauge(
    'framepath_gpu_power_watts',
    'Power that the GPU draws.',
    ofGpu((gpu) => last(gpu.powerW)),
  ),
];

/** Metrics of the process, not of a run. */
export const processFamilies: readonly { name: string; help: string; kind: 'gauge'; value(): number }[] = [
  {
    name: 'framepath_resident_memory_bytes',
    help: 'Resident memory of the process.',
    kind: 'gauge',
    value: () => process.memoryUsage.rss(),
  },
];
