// Modules: how they run, their models, what they want to see.
import { constant, flag, integer, list, number, object, ref, text, texts, union } from './build.mjs';
import { named } from './enums.mjs';

const { Align, Association, ColorOrder, InputFormat, InputMemory, Metric, OnError, Precision, Provider, Reid, Resize } =
  named;

/** Longest delay of a timer; Node takes a longer one for none. */
const mostTimerMs = 2 ** 31 - 1;

export const policy = object('Policy', 'How a module runs and what happens when it fails', {
  stride: integer({ min: 1, default: 1, doc: 'look at every Nth frame and carry the result between' }),
  retry: integer({ min: 0, max: 100, default: 0, doc: 'tries again after a failure (stateless modules only)' }),
  timeoutMs: number({ min: 1, max: mostTimerMs, absent: 'none', doc: 'a try that takes longer failed' }),
  onError: ref(OnError, {
    default: 'fail',
    doc: "`'fail'` ends the run, `'skip'` goes on without a value, `'fallback'` takes the value of `fallback`",
  }),
  fallback: text({ absent: 'none', doc: "the module whose value stands in under `'fallback'`" }),
  maxBatch: integer({
    min: 1,
    max: 1024,
    by: 'engine',
    absent: 'by model and machine',
    doc: 'most frames taken at once',
  }),
  maxWaitMs: number({ min: 0, default: 0, doc: 'longest wait for a batch to fill' }),
  workers: integer({
    min: 1,
    max: 256,
    by: 'engine',
    absent: '1, of detectors 2 or one a source, at most as many as there are cores',
    doc: 'frames worked on at once',
  }),
});

const channels = (doc) => list(number({ min: -1e6, max: 1e6 }), { min: 1, max: 3, by: 'probe', doc });

export const modelFacts = object(
  'ModelFacts',
  'Facts about a model that its file does not state; what can be inferred may be left out',
  {
    head: text({ by: 'probe', doc: 'what its outputs are: a name of `framepath models inspect`' }),
    layout: ref(named.TensorLayout, { by: 'probe', doc: 'order of the dimensions of its input' }),
    color: ref(ColorOrder, { by: 'probe', doc: 'order of its channels' }),
    resize: ref(Resize, { by: 'probe', doc: 'how a picture becomes the size of its input' }),
    align: ref(Align, { by: 'probe', doc: 'how faces are turned upright before they are embedded' }),
    mean: channels('input = (pixel - mean) x scale, pixels from 0 to 255; one number, or one a channel'),
    scale: channels('see `mean`'),
    size: list(integer({ min: 1, max: 8192 }), {
      by: 'probe',
      min: 2,
      max: 2,
      doc: 'width and height, of models whose file leaves them open',
    }),
    labels: list(text(), { plan: false, doc: 'names of its classes' }),
    pad: number({ min: 0, max: 255, by: 'probe', doc: "pixel value of the letterbox's border, before mean and scale" }),
    scoreThreshold: number({ min: 0, max: 1, by: 'probe', doc: 'boxes below this score are left out' }),
    iouThreshold: number({
      min: 0,
      max: 1,
      by: 'probe',
      doc: 'of boxes that overlap by more than this the best stays',
    }),
    topK: integer({ min: 1, max: 10000, by: 'probe', doc: 'best classes that a classifier gives' }),
    precision: ref(Precision, {
      default: 'fp32',
      doc: `arithmetic on a GPU: \`'fp32'\` as on the CPU, \`'tf32'\` matrix products with fewer bits, \`'fp16'\` (TensorRT) half
      precision where it is faster`,
    }),
  },
);

const providerFall = object(
  'ProviderFallSpec',
  'A provider that was tried before the one that runs a model',
  { provider: ref(Provider), reason: text({ doc: 'why it does not run the model' }) },
  { required: ['provider', 'reason'], planOnly: true },
);

export const modelFile = object(
  'ModelFileSpec',
  'A model and what its file does not state',
  {
    name: text({ doc: 'of the registry, or of the file' }),
    file: text(),
    provider: ref(Provider, { found: true, by: 'probe', doc: 'what runs it' }),
    batch: integer({ min: 1, found: true, by: 'probe', doc: 'most pictures or crops of one run of the model' }),
    falls: list(ref(providerFall), { found: true, doc: 'providers that were tried before, in their order' }),
  },
  { required: ['name', 'file'], also: [modelFacts] },
);

export const inputRequest = object(
  'InputRequest',
  'What a module wants to see of every frame. Modules that want the same share one conversion',
  {
    width: integer({
      min: 1,
      max: 16384,
      doc: 'pixels; one of width and height may be left out: it follows from the frame (of crops: a square)',
    }),
    height: integer({ min: 1, max: 16384, doc: 'see `width`' }),
    format: ref(InputFormat, { default: 'rgb24', doc: "`'nv12'` only of whole frames" }),
    crop: text({
      doc: 'name of a module with boxes: one picture for each of them instead of the whole frame; it becomes a dependency',
    }),
    align: ref(Align, {
      default: 'none',
      doc: "crops of faces turned upright where the detector has keypoints: as `'dlib'` or `'arcface'` models want them",
    }),
    memory: ref(InputMemory, {
      default: 'host',
      doc: `Where they lie: \`'host'\`, or \`'device'\`: where frames are on a GPU they stay there, and nothing is downloaded.
      On the CPU both are the same. Windows lie on the host`,
    }),
    of: text({
      doc: 'name of a tracker or identify: the last crops of each track it sees, instead of `crop`; it becomes a dependency',
    }),
    window: integer({ min: 1, max: 256, doc: 'with `of`: most crops of a track, 1 to 256' }),
    stride: integer({
      min: 1,
      max: 1024,
      default: 1,
      doc: 'with `of`: every stride-th frame in which the track is seen enters its window; window x stride at most 1024',
    }),
    min: integer({
      min: 1,
      max: 256,
      absent: '`window`: only when it is full',
      doc: 'with `of`: minimum crops before `analyze` is called for a track',
    }),
  },
);

const lane = object(
  'LaneSpec',
  'How the engine runs a module',
  {
    where: text({
      by: 'engine',
      doc: '`cpu`, `cuda:0`; of analyzers `main thread`, `thread`, `process` or the Python interpreter',
    }),
    stateful: flag({ by: 'engine', doc: "takes each source's frames in order, one at a time" }),
    pixels: flag({ by: 'engine', doc: 'reads pixels: the frame stays alive until its result' }),
  },
  { planOnly: true },
);

const any = object(
  'AnyModule',
  'What all modules have',
  { name: text(), policy: ref(policy, { always: true }), lane: ref(lane, { always: true, found: true }) },
  { required: ['name'] },
);

const detect = object(
  'DetectSpec',
  'A detector',
  { kind: constant('detect'), model: ref(modelFile) },
  { required: ['kind', 'model'], also: [any] },
);

export const boxClasses = object('BoxClassesValues', "Classification of another module's boxes", {
  minSize: number({
    min: 1,
    max: 16384,
    default: 16,
    doc: 'boxes whose shorter side is below this, in pixels of the frame, are not looked at',
  }),
  margin: number({
    min: 0,
    max: 4,
    default: 0,
    doc: 'margin around a box, in parts of its width and height on each side',
  }),
  smooth: number({
    min: 0,
    max: 0.99,
    default: 0,
    doc: 'of a tracked box: the part of its earlier probabilities that stays, 0 (none) to 0.99',
  }),
  every: integer({
    min: 1,
    default: 1,
    doc: 'of a tracked box: frames from one look at it to the next, the last result is kept between',
  }),
});

const classify = object(
  'ClassifySpec',
  'A classifier, of whole frames or of the boxes of another module',
  {
    kind: constant('classify'),
    of: text({ absent: 'whole frames', doc: 'module whose boxes are classified' }),
    model: ref(modelFile),
  },
  { required: ['kind', 'model'], also: [any, boxClasses] },
);

const raw = object(
  'RawSpec',
  'The outputs of a model as they are',
  { kind: constant('raw'), model: ref(modelFile) },
  { required: ['kind', 'model'], also: [any] },
);

const part = (more) => number({ min: 0, max: 1, cpp: 'float', ...more });

export const trackValues = object('TrackValues', 'How a tracker works', {
  association: ref(Association, { default: 'standard', doc: "`'bytetrack'` is the published algorithm to the letter" }),
  trackThreshold: part({ default: 0.5, doc: 'scores from here form the first association' }),
  lowThreshold: part({ default: 0.1, doc: 'scores below this are ignored' }),
  newThreshold: part({ default: 0.6, doc: 'a new track needs this score' }),
  matchGate: part({ default: 0.8, doc: 'cost gate of the first association, 0 to 1' }),
  bufferMs: number({ min: 0, default: 1000, doc: 'a lost track is removed after this' }),
});

const track = object(
  'TrackSpec',
  'A motion tracker inside each source',
  { kind: constant('track'), of: text({ doc: 'the detector whose boxes are tracked' }) },
  { required: ['kind', 'of'], also: [any, trackValues] },
);

/** Tracking of detections in a file. */
export const trackMot = object(
  'TrackMotOptions',
  'How given detections are tracked',
  { fps: number({ min: 0.001, max: 1000, default: 30, doc: 'nominal rate of the detections' }) },
  { also: [trackValues] },
);

const identify = object(
  'IdentifySpec',
  'Identities of tracked people',
  {
    kind: constant('identify'),
    of: text(),
    model: ref(modelFile),
    reid: ref(Reid),
    metric: ref(Metric, { by: 'probe', absent: "that of the model's file", doc: 'how embeddings are compared' }),
    threshold: number({ min: 0, max: 100, by: 'probe', absent: "that of the model's file" }),
    sameScene: list(list(text(), { min: 2 })),
    bank: text({ absent: 'none', doc: 'path of saved identities' }),
  },
  { required: ['kind', 'of', 'model', 'reid'], also: [any] },
);

export const hostOptions = object('HostOptions', 'How the threads or processes of an analyzer are kept running', {
  restarts: integer({
    min: 0,
    default: 5,
    doc: 'how often in a minute a thread or process that ended is started again; then the module has failed',
  }),
  backoffMs: number({
    min: 0,
    max: mostTimerMs,
    default: 100,
    doc: 'pause before the first restart, doubled for each that follows without an answer between; at most 5 s',
  }),
  startTimeoutMs: number({
    min: 1,
    max: mostTimerMs,
    default: 30_000,
    doc: 'longest start of its thread or process, `configure` included',
  }),
  memoryMb: integer({
    min: 16,
    absent: 'as Node, none',
    doc: 'most memory for its JavaScript objects, or of its Python process (address space), MiB',
  }),
});

const js = object(
  'JsSpec',
  'A module in JavaScript or Python',
  {
    kind: constant('js'),
    depends: list(text()),
    pixels: flag({}),
    stateless: flag({ default: false, doc: 'any order, `policy.workers` at once' }),
    input: ref(inputRequest, { doc: 'crops have a width and a height' }),
    where: text({ absent: 'main thread', plan: false, doc: 'where its function runs; `lane.where` of the plan' }),
    host: ref(hostOptions, {
      doc: 'of one that is not inline: its host keeps to `policy.timeoutMs`, and is ended by it',
    }),
    elsewhere: flag({
      default: false,
      plan: false,
      doc: 'another process reads the input: on a GPU it is given a handle',
    }),
  },
  { required: ['kind', 'depends', 'pixels'], also: [any] },
);

const kinds = [detect, classify, raw, track, identify, js];

export const module = union('ModuleSpec', 'A module as the native side runs it', kinds);

export const providers = object('ProviderSpec', 'Which providers a run may use', {
  order: list(ref(Provider), { absent: 'all', doc: 'tried in this order' }),
  off: texts(Provider, { doc: 'those that must not be tried in this process, and why' }),
  cacheFolder: text({ doc: "where TensorRT's engines are kept" }),
});

export const unions = [module];

export const objects = [
  policy,
  lane,
  providerFall,
  modelFacts,
  modelFile,
  inputRequest,
  any,
  boxClasses,
  trackValues,
  trackMot,
  hostOptions,
  ...kinds,
  providers,
];
