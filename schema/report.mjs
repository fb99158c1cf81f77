// What a run reports, and what is found out about sources, models and machines. The command line writes these as they are.
import { either, flag, integer, list, map, nullable, number, oneOf, ref, rest, result, text, tuple } from './build.mjs';
import { named } from './enums.mjs';
import { box, relink } from './results.mjs';

const { BenchStage, Connection, DynamicRange, ErrorCode, GpuMetric, Provider, RateControl } = named;

const count = (doc, more) => integer({ min: 0, cpp: 'int64_t', ...(doc && { doc }), ...more });
/** -1 where it is not known. */
const known = (doc) => integer({ min: -1, cpp: 'int64_t', doc });
const size = (doc) => integer({ min: 0, ...(doc && { doc }) });
const real = (doc, more) => number({ decimals: 3, ...(doc && { doc }), ...more });
/** Not rounded. */
const exact = (doc) => number({ ...(doc && { doc }) });

// While a run goes on

const sourceProgress = result('SourceProgress', 'How far a source is', {
  id: text(),
  done: count('frames delivered or dropped so far'),
  total: count('frames expected, 0 = unknown'),
  fps: real(),
  ended: flag({ doc: 'it delivers nothing more' }),
});

const progress = result('Progress', 'How far a run is', {
  state: text(),
  sources: list(ref(sourceProgress)),
  frames: count('frames delivered or dropped so far'),
  total: count('frames expected, 0 = unknown'),
  fps: real(),
  etaMs: number({ min: 0, decimals: 0, doc: '0 = unknown' }),
});

const recovery = result('Recovery', 'What went on in another way than asked', {
  where: text({ doc: 'a source, a module, an output' }),
  what: text(),
  reason: text(),
});

const served = result('Served', 'Who answered for an analyzer, and when', {
  host: text({ doc: '`smile thread 3`, `smile process 4711`' }),
  pid: integer({ min: 0 }),
  startMs: exact(),
  endMs: exact(),
});

const stageTimes = result(
  'StageTimes',
  "Work on one frame in one stage. Times are milliseconds of the system's monotonic clock (`process.hrtime()`)",
  {
    stage: text({ doc: 'as the report names it: `decode.0`, `faces`, `people.embed`' }),
    worker: integer({ min: 0, doc: "which of the stage's workers, from 0" }),
    batch: integer({ min: 1, doc: 'frames that were worked on together' }),
    readyMs: exact('when it could begin; until `startMs` it waited'),
    startMs: exact(),
    endMs: exact(),
    result: text({
      doc: 'of a module: `value`, `carried`, or why it returned no value: `none`, `error`, `dependency`',
    }),
    host: ref(served, { side: 'javascript', doc: 'the thread or process that answered for an analyzer' }),
  },
  { optional: ['host'] },
);

const frameTimes = result(
  'FrameTimes',
  'Where the time of one frame went, from its decoding until all modules had a result',
  {
    source: text(),
    seq: count('gapless number in its source'),
    index: count('position in its source, counted before stride and limits of rate'),
    timeMs: real('time in its source, milliseconds'),
    stages: list(ref(stageTimes), { doc: 'those that worked on it, decoding first' }),
  },
);

const sampledFrame = result(
  'SampledFrame',
  'Times of a frame on their way to JavaScript',
  { taskId: count() },
  { also: [frameTimes] },
);

// Of a whole run

const percentiles = result('Percentiles', 'Times of one kind in one stage, in milliseconds', {
  p50: real(),
  p95: real(),
  p99: real(),
  max: real(),
  sum: real('all of them together'),
  octaves: list(
    tuple([
      ['belowMs', exact()],
      ['count', count()],
    ]),
    {
      doc: 'how many were below so many milliseconds, and not below half of it; from 0.002, those with none left out',
    },
  ),
});

const stageReport = result('StageReport', 'One stage of a run: a module, a decoder, the composer, the encoder', {
  name: text(),
  kind: text(),
  count: count(),
  batches: count(),
  workers: integer({ min: 0 }),
  failures: count(),
  results: map(count(), {
    doc: 'of a module: `value`, `carried`, or why it returned no value (`none`, `error`, `dependency`, ...), how often',
  }),
  queued: count('of a module: frames that wait for it now'),
  waitMs: ref(percentiles),
  serviceMs: ref(percentiles),
  busy: real("part of the run's time it was at work, over its workers"),
});

const bitrateTarget = result('BitrateTarget', 'Target given to an encoder, in bits per second', {
  min: count(),
  mean: count(),
  max: count(),
});

const bitrateReport = result(
  'BitrateReport',
  'How the bitrate of an output came about; all rates are bits per second',
  {
    control: ref(RateControl, {
      doc: `\`quality\`: constant quality by profile. \`constant\`: the number that was asked for, on average. \`adaptive\`:
        followed the pictures inside \`{ min, max }\`. \`capped\`: \`{ min, max }\` of an encoder that keeps its rate: constant
        quality, \`max\` as cap`,
    }),
    mean: count('of the video as written, without audio'),
    target: nullable(
      ref(bitrateTarget, {
        doc: 'target given to the encoder; `null` where it decides itself (`quality`, `capped`)',
      }),
    ),
    complexity: nullable(
      real('mean complexity of the pictures, 0 (still, plain) to 1 (noise, motion); `null` unless `adaptive`'),
    ),
  },
);

const codedError = result('CodedError', 'A code of {@link errorCodes}, and a sentence', {
  code: ref(ErrorCode),
  message: text(),
});

const silentAudio = result('SilentAudio', 'Where a live source gave no audio', {
  source: text(),
  ms: count('of the output without audio of it: before it came, in gaps and outages, and where it came too late'),
});

const outputReport = result(
  'OutputReport',
  'One output of a run',
  {
    name: text(),
    composition: text({ doc: 'name of the composition that it encodes' }),
    path: text(),
    codec: text(),
    dynamicRange: ref(DynamicRange),
    width: size(),
    height: size(),
    frames: count(),
    dropped: count('canvases left out because it was behind: only beside other outputs, of live sources'),
    durationMs: count(),
    bytes: count('of the video, without audio'),
    bitrate: ref(bitrateReport),
    latencyMs: ref(percentiles, {
      doc: 'of canvases of live sources: from reading the oldest picture that is new in it to writing its packet',
    }),
    connection: ref(Connection),
    reconnects: count('times a lost connection came back'),
    lost: count('packets of pictures that were left out while it was away'),
    complete: flag({ doc: 'written to its end; also where `lost` were left out in between' }),
    hasAudio: flag(),
    silence: list(ref(silentAudio), { doc: 'of live sources whose audio it has' }),
    error: ref(codedError, { doc: 'why it ended early' }),
  },
  { optional: ['error'] },
);

const recording = result(
  'Recording',
  'A clip of a live source, from `run.record()`',
  {
    source: text({ doc: 'its id' }),
    path: text(),
    preMs: count(
      'how long before the call its first picture came: from the last keyframe before the time that was asked for',
    ),
    durationMs: count('of its pictures; its times begin with 0'),
    frames: count(),
    bytes: count('of pictures and audio'),
    gaps: count('outages of the source inside: its times go on by the clock'),
    dropped: count('packets left out because the disk was too slow, each time up to the next keyframe'),
    hasAudio: flag({ doc: 'audio that the container does not hold is left out, which is a recovery' }),
    complete: flag({ doc: 'it goes on until `postMs` after the call; else the source or the run ended before' }),
    error: ref(codedError, { doc: 'why there is no file' }),
  },
  { optional: ['error'] },
);

const hostReport = result(
  'HostReport',
  'A thread or process that answers for an analyzer ([docs/analyzers.md](../../docs/analyzers.md))',
  {
    module: text(),
    kind: oneOf(['thread', 'process', 'python']),
    instance: integer({ min: 0, doc: "which of the module's `instances`, from 0" }),
    pid: nullable(
      integer({ min: 0, doc: 'of the process, or of the one its thread is in; `null` while there is none' }),
    ),
    state: oneOf(['starting', 'ready', 'busy', 'failed', 'closed']),
    answers: count('answers it gave, errors too'),
    restarts: count('times it was started again'),
    busyMs: exact('in `analyze`, all answers together, as measured by the host'),
    longestMs: exact('the longest of them'),
  },
);

const range = result('Range', 'Mean, largest and latest of the samples', {
  mean: number({ decimals: 1 }),
  max: number({ decimals: 1 }),
  last: number({ decimals: 1 }),
});

const samplingPeriods = result('SamplingPeriods', "The periods over which NVML averages the engines' percent", {
  encoder: exact(),
  decoder: exact(),
});

const gpuFacts = {
  name: text(),
  driver: text(),
  uuid: text(),
  pciBusId: text({ doc: '`0000:65:00.0`' }),
  mig: flag({ doc: 'divided into instances: NVML gives no utilisation then' }),
  memoryTotalBytes: count(),
};

/** Every metric of the enum, as `value` has it. */
const gpuMetrics = (value) => ({
  ...Object.fromEntries(GpuMetric.enum.map((name) => [name, nullable(value(GpuMetric['x-values'][name].doc))])),
  samplingMs: ref(samplingPeriods),
  missing: map(text(), { doc: 'reading -> reason' }),
});

const gpuReport = result(
  'GpuReport',
  `Readings of the run's GPU by NVML, once a second while the run was. A reading that NVML does not give is \`null\`, and
    \`missing\` has the reason. They are of the whole GPU, whoever uses it`,
  {
    error: nullable(text({ doc: 'why there are none at all (no NVML, another driver), else `null`' })),
    ...gpuFacts,
    samples: count(),
    ...gpuMetrics((doc) => ref(range, { doc })),
  },
);

const canvasReport = result('CanvasReport', 'What canvases did with the pictures of a source', {
  shown: count('pictures that a canvas showed'),
  skipped: count('pictures that none showed: more came between two canvases than one, or they came too late'),
  repeated: count('canvases that showed a picture again'),
  cards: count('canvases that showed a card, because the source gave no picture for `staleAfterMs`'),
});

const sourceReport = result(
  'SourceReport',
  'One source of a run',
  {
    id: text(),
    uri: text(),
    width: size(),
    height: size(),
    fps: real(),
    in: count(),
    delivered: count(),
    dropped: map(count(), {
      doc: `by cause; \`in = delivered + dropped + inFlight\` at every moment. Of live sources: \`inFlight\` (no room for another
        frame), \`behind\` (the modules were), \`late\` (its results came after \`maxAgeMs\`), \`untaken\` (nobody took them in time)`,
    }),
    latencyMs: ref(percentiles, { doc: 'from reading a frame to handing over its results' }),
    inFlight: count(),
    decoded: count('pictures decoded'),
    decodeErrors: count('corrupt pictures that were left out'),
    decodedOnGpu: count("of `decoded`, by a GPU's decoder"),
    skipped: count('frames left out by stride and rate'),
    reconnects: count('times a live source was lost and came back'),
    reconnectsLeft: integer({
      min: -1,
      doc: 'attempts that the current outage may still take; -1 = as many as it takes',
    }),
    canvas: ref(canvasReport, { doc: 'of a run that composes' }),
    error: ref(codedError, { doc: 'why the source ended early; the others went on' }),
  },
  { optional: ['canvas', 'error'] },
);

const reidReport = result('ReidReport', 'What identification did', {
  detections: count('boxes of tracks seen'),
  extracted: count('crops embedded'),
  changed: count('tracks that got another identity by their looks'),
  thinned: count(
    'identities of one source that keep a few of their embeddings (they were not among the last 256 seen)',
  ),
  forgotten: count(
    'identities that keep no embeddings any more: seen again, they are somebody new. See "Long runs" in docs/performance.md',
  ),
  ms: real(),
});

const copiesReport = result('CopiesReport', 'Copies of pixels and results between memories', {
  h2dImage: count(),
  d2hImage: count(),
  d2hEncode: count(),
  d2hRequested: count(),
  d2hResults: count(),
});

const providerFallback = result('ProviderFallback', 'A provider that does not run a model, and why', {
  provider: ref(Provider),
  reason: text(),
});

const modelReport = result('ModelReport', 'A model of a run', {
  name: text(),
  sha256: text(),
  provider: ref(Provider),
  falls: list(ref(providerFallback), {
    doc: 'providers that were tried before that one, and why they do not run the model',
  }),
  batch: integer({ min: 0, doc: 'most pictures or crops of one run' }),
  fixes: list(text()),
});

const followReport = result(
  'FollowReport',
  'What a crop that follows people did; acceleration of its centre in source pixels per second squared',
  {
    composition: text({ doc: 'its name' }),
    tile: integer({ min: 0 }),
    ticks: count(),
    switches: count(),
    wideTicks: count(),
    rmsAcceleration: real(),
    maxAcceleration: real(),
  },
);

const liveReport = result(
  'LiveReport',
  'What is alive. All 0 after `close()`, but for an encoder whose call could not be interrupted (and a picture in it): it is freed soon after',
  {
    tasks: count(),
    leases: count('leases of pixels'),
    deviceBytes: count(),
    encoders: count(),
  },
);

const report = result('Report', 'The report of a run', {
  device: text(),
  wallMs: real(),
  cpuMs: real(),
  peakRssBytes: count(),
  sources: list(ref(sourceReport)),
  stages: list(ref(stageReport)),
  hosts: list(ref(hostReport), {
    side: 'javascript',
    doc: 'of analyzers that run in threads, processes and Python',
  }),
  reid: ref(reidReport),
  copies: ref(copiesReport),
  models: list(ref(modelReport)),
  recoveries: list(ref(recovery), {
    doc: 'what went on in another way than asked, and why; the first and the latest five hundred',
  }),
  recovered: map(count(), { doc: 'how often each `what` of the recoveries came, the older ones too' }),
  outputs: list(ref(outputReport)),
  recordings: list(ref(recording), { doc: 'that have ended; the first and the latest five hundred' }),
  follow: list(ref(followReport), { doc: 'what the crops that follow people did' }),
  plan: {
    type: ['object', 'null'],
    description: 'every option of the run with its value, who decided it and why; `null` of a run that failed before',
    'x-side': 'javascript',
    'x-ts': "import('./plan.js').Plan | null",
  },
  gpu: nullable(ref(gpuReport, { doc: '`null` on the CPU' })),
  live: ref(liveReport, { ts: 'LiveReport & Record<string, number>' }),
});

// People over time

const subId = result('SubId', 'A track of one source', { source: text(), track: count() });
const span = result('Span', 'When somebody was seen in one source', { source: text(), startMs: real(), endMs: real() });
const bestShot = result('BestShot', 'Where somebody is seen best', {
  source: text(),
  timeMs: real(),
  box: ref(box),
  score: real(),
});

const identity = result('Identity', 'A person, over all sources', {
  id: integer({ min: 0 }),
  subIds: list(ref(subId)),
  spans: list(ref(span)),
  frames: count(),
  best: ref(bestShot),
});

const timeline = result('Timeline', 'Who was seen when', { identities: list(ref(identity)) });

// Before a run

const audioInfo = result('AudioInfo', 'A stream of audio in a source', {
  codec: text(),
  sampleRate: size(),
  channels: size(),
});

const sourceInfo = result('SourceInfo', 'What a source is, before anything is decoded', {
  kind: oneOf(['video', 'image', 'audio']),
  container: text(),
  codec: text({ doc: 'empty without pictures' }),
  pixelFormat: text(),
  width: size('upright, square pixels: the coordinates of results'),
  height: size('see `width`'),
  codedWidth: size('as stored'),
  codedHeight: size('as stored'),
  rotation: integer({ min: 0, max: 359, doc: 'degrees clockwise that make frames upright' }),
  sampleAspect: list(integer({ min: 0 }), { min: 2, max: 2 }),
  fps: real('nominal rate; 0 unknown'),
  durationMs: known('-1 unknown'),
  frames: known('estimate, -1 unknown'),
  bytes: known('-1 unknown'),
  bitrate: known('-1 unknown'),
  depth: size('bits a sample'),
  interlaced: flag(),
  hdr: flag(),
  live: flag(),
  colorMatrix: text(),
  colorRange: text(),
  colorTransfer: text(),
  audio: list(ref(audioInfo)),
});

const modelFindings = result('ModelFindings', 'A model as it runs: its facts, and what was chosen for it', {
  name: text(),
  file: text(),
  sha256: text(),
  head: ref(named.Head),
  layout: ref(named.TensorLayout),
  color: ref(named.ColorOrder),
  resize: ref(named.Resize),
  align: text(),
  metric: text(),
  threshold: exact(),
  mean: list(exact()),
  scale: list(exact()),
  pad: exact(),
  size: list(integer({ min: -1 }), { min: 2, max: 2, doc: 'width and height' }),
  batch: integer({ min: 0, doc: 'that the file states; 0: any' }),
  labels: list(text()),
  scoreThreshold: exact(),
  iouThreshold: exact(),
  topK: integer({ min: 0 }),
  embeddingDims: integer({ min: 0 }),
  fixes: list(text()),
  device: text(),
  largestBatch: integer({ min: 0, doc: 'most pictures or crops of one run' }),
  provider: text(),
  falls: list(ref(providerFallback), { doc: 'providers that were tried before that one, and why not' }),
});

// A machine

const probeStep = result('DeviceProbeStep', 'A step towards a GPU', {
  name: text(),
  works: flag(),
  result: text({ doc: 'what was found, or the cause' }),
  hint: text(),
});

const videoFormat = result('VideoFormat', "What a GPU's decoder takes", {
  codec: text(),
  chroma: text(),
  depth: size(),
  from: list(size(), { min: 2, max: 2 }),
  to: list(size(), { min: 2, max: 2 }),
});

const gpuVideo = result(
  'GpuVideo',
  "Capabilities of a GPU's video units",
  {
    decodes: list(ref(videoFormat)),
    decodesNothing: text({ doc: 'reason where it decodes nothing' }),
    encodes: map(either([flag(), text()]), { doc: 'by codec: true, or the reason why not' }),
  },
  { optional: ['decodesNothing'] },
);

const gpuProbe = result(
  'GpuProbe',
  'The steps to a GPU, up to the first that fails, and what is known of it',
  {
    usable: flag(),
    library: text(),
    driverVersion: integer({ min: 0 }),
    name: text(),
    computeCapability: list(integer({ min: 0 }), { min: 2, max: 2 }),
    multiprocessors: integer({ min: 0 }),
    totalBytes: count(),
    freeBytes: count(),
    kernels: text(),
    steps: list(ref(probeStep)),
    video: ref(gpuVideo),
  },
  { optional: ['video'] },
);

const gpuFound = result(
  'GpuFound',
  'A GPU read once; a reading that is not given is `null`, with its reason in `missing`',
  {
    ...gpuFacts,
    ...gpuMetrics((doc) => number({ decimals: 1, doc })),
    device: nullable(text({ doc: 'id of the device, `cuda:0`' })),
  },
);

const gpusFound = result('GpusFound', 'What NVML sees', { gpus: list(ref(gpuFound)), unreadable: list(text()) });
const gpusUnread = result('GpusUnread', 'Why NVML sees nothing', { error: text(), hint: text() });

const runtimeFound = result('RuntimeFound', 'The ONNX Runtime that models run with', {
  path: text(),
  version: text(),
  tried: list(text()),
});
const runtimeError = result('RuntimeError', 'Why it cannot be used', {
  code: ref(ErrorCode),
  message: text(),
  hint: text(),
});
const runtimeMissing = result('RuntimeMissing', 'No ONNX Runtime', { error: ref(runtimeError) });

const deviceFound = result(
  'DeviceFound',
  'A device, or why there is none',
  { id: text(), description: text({ presence: true }), error: text({ presence: true }) },
  { optional: ['description', 'error'] },
);

const bundledSource = result('BundledSource', 'A library in the bundle, by the source that it was built from', {
  name: text(),
  version: text(),
  licence: text({ doc: 'as SPDX writes it' }),
  file: text(),
  sha256: text(),
});
const bundledLibraries = result('BundledLibraries', "FFmpeg's libraries from a package of our own", {
  name: text(),
  licence: text({ doc: 'of all of it, as SPDX writes it' }),
  ffmpeg: text(),
  configure: text({ doc: 'the options of its configure' }),
  sources: list(ref(bundledSource)),
});

const machineFindings = result('MachineFindings', 'What `framepath doctor` asks the native side', {
  libav: map(text()),
  bundle: nullable(ref(bundledLibraries, { doc: '`null`: the libraries are those of the system' })),
  encoders: map(text()),
  runtime: either([ref(runtimeFound), ref(runtimeMissing)]),
  devices: list(ref(deviceFound)),
  cuda: ref(gpuProbe),
  nvml: either([ref(gpusFound), ref(gpusUnread)]),
});

const stageFigures = result('StageFigures', 'Totals of the measured window of one stage', {
  stage: ref(BenchStage),
  unit: text({ doc: 'what an item is: `frame`, `crop`, `update` or `canvas`' }),
  items: count(),
  wallMs: exact(),
  cpuMs: exact('of the whole process: the threads of libav and of the encoders count'),
  facts: rest(either([count(), exact(), text()]), {
    doc: 'what else is known: `isa`, the instruction set of the kernels, and by stage `batch`, `size`, `encoder`, `delayFrames`, ...',
  }),
});

export const results = [
  sourceProgress,
  progress,
  recovery,
  served,
  stageTimes,
  frameTimes,
  sampledFrame,
  percentiles,
  stageReport,
  bitrateTarget,
  bitrateReport,
  silentAudio,
  outputReport,
  recording,
  hostReport,
  range,
  samplingPeriods,
  gpuReport,
  codedError,
  canvasReport,
  sourceReport,
  reidReport,
  copiesReport,
  providerFallback,
  modelReport,
  followReport,
  liveReport,
  report,
  subId,
  span,
  bestShot,
  identity,
  timeline,
  audioInfo,
  sourceInfo,
  modelFindings,
  probeStep,
  videoFormat,
  gpuVideo,
  gpuProbe,
  gpuFound,
  gpusFound,
  gpusUnread,
  runtimeFound,
  runtimeError,
  runtimeMissing,
  deviceFound,
  bundledSource,
  bundledLibraries,
  machineFindings,
  stageFigures,
];

/** What the native side gives; what they have is among them. */
export const crossing = [
  progress,
  recovery,
  sampledFrame,
  report,
  recording,
  timeline,
  relink,
  sourceInfo,
  modelFindings,
  bundledSource,
  bundledLibraries,
  machineFindings,
  stageFigures,
];

/** What programs and files get as JSON: a JSON Schema each, `schemas/NAME.json`. */
export const documents = {
  report: { schema: report },
  progress: { schema: progress },
  probe: { schema: sourceInfo },
  timeline: { schema: timeline },
};
