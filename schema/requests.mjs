// What the native side is asked beside a run: pixels of a frame, pictures, stages to measure, facts of models and the machine.
import { constant, flag, integer, list, number, object, ref, text, union } from './build.mjs';
import { named } from './enums.mjs';
import { modelFile, providers } from './module.mjs';
import { limits } from './source.mjs';

const { BenchLayout, InputFormat, PixelFormat, Profile, SkipLoopFilter, VideoCodec } = named;

/** Edges of pictures, in pixels. */
const edge = (more) => integer({ min: 1, max: 16384, ...more });

// Of frames and runs

const crop = list(number({ min: -1e6, max: 1e6, cpp: 'float' }), {
  min: 4,
  max: 4,
  absent: 'all of it',
  doc: 'part of the frame, `[x1, y1, x2, y2]` in its pixels',
});

const pixelRequest = object('PixelRequest', 'Pixels of a frame', {
  width: edge({ absent: 'that of the crop' }),
  height: edge({ absent: 'that of the crop' }),
  format: ref(InputFormat, { default: 'rgb24' }),
  crop,
});

const jpegSettings = object('JpegSettings', 'A JPEG picture of a frame', {
  quality: integer({ min: 1, max: 100, default: 85 }),
  crop,
});

const canvasRequest = object('CanvasRequest', 'The next canvas of a composition', {
  name: text({ doc: 'of the composition; absent: the only one' }),
  width: edge({ absent: 'that of the canvas' }),
  height: edge({ absent: 'that of the canvas' }),
  format: ref(InputFormat, { default: 'rgb24' }),
  jpeg: flag({ default: false, doc: 'a JPEG picture instead' }),
  quality: integer({ min: 1, max: 100, default: 85, doc: 'of a JPEG' }),
});

const submitRequest = object('SubmitRequest', 'A picture by its path, or how the pixels beside it come', {
  uri: text(),
  limits: ref(limits),
  width: integer({ min: 0, max: 16384, default: 0 }),
  height: integer({ min: 0, max: 16384, default: 0 }),
  format: ref(PixelFormat, { default: 'rgb24' }),
});

const recordOptions = object('RecordOptions', 'How much of a source is recorded around a call of `run.record()`', {
  preMs: integer({
    min: 0,
    max: 600_000,
    absent: 'as much as is kept',
    doc: 'milliseconds before the call; the clip begins with the keyframe before them',
  }),
  postMs: integer({ min: 0, max: 86_400_000, default: 10_000, doc: 'milliseconds after the call' }),
});

const recordRequest = object(
  'RecordRequest',
  'A clip of a live source',
  { source: text(), path: text() },
  { required: ['source', 'path'], also: [recordOptions] },
);

const recoveryNote = object(
  'RecoveryNote',
  'A recovery that JavaScript reports',
  { where: text(), what: text(), reason: text() },
  { required: ['where', 'what', 'reason'] },
);

/** Milliseconds since the machine started. */
const sinceBoot = number({ min: 0, max: 2 ** 42 });

const hostSpan = object(
  'HostSpan',
  'Work of a host for a module on a frame, for the trace',
  {
    module: text(),
    source: integer({ min: 0 }),
    seq: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    host: text(),
    pid: integer({ min: 0 }),
    startMs: sinceBoot,
    endMs: sinceBoot,
  },
  { required: ['module', 'source', 'seq', 'host', 'pid', 'startMs', 'endMs'] },
);

// Stages that are measured alone

const stageSetting = object('StageSetting', 'How a stage is measured', {
  device: text({ doc: "default `'cpu'`" }),
  runtimeLibraries: list(text()),
  providers: ref(providers),
  minSeconds: number({ min: 0.001, max: 600, default: 1, doc: 'measured for at least this long, after a warm-up' }),
});

const stage = (id, name, is, fields, required) =>
  object(id, is, { stage: constant(name), ...fields }, { required: ['stage', ...required], also: [stageSetting] });
const clip = text({ doc: 'path of a file' });

const stages = [
  stage(
    'DecodeStage',
    'decode',
    'A whole clip, again and again',
    {
      clip,
      threads: integer({ min: 1, max: 64, default: 1 }),
      skipLoopFilter: ref(SkipLoopFilter, { default: 'none' }),
      endMs: integer({ min: 0, cpp: 'int64_t', absent: 'its end', doc: 'where the clip is cut' }),
    },
    ['clip'],
  ),
  stage('LetterboxStage', 'letterbox', "Frames into a model's input", { clip, model: ref(modelFile) }, [
    'clip',
    'model',
  ]),
  stage(
    'DetectStage',
    'detect',
    'Frames to boxes',
    { clip, model: ref(modelFile), batch: integer({ min: 1, max: 256, default: 1 }) },
    ['clip', 'model'],
  ),
  stage(
    'EmbedStage',
    'embed',
    'Crops to embeddings, alignment included',
    {
      clip,
      model: ref(modelFile),
      crops: integer({ min: 1, max: 256, default: 4 }),
      batched: flag({ default: true, doc: '`false`: one run of the model a crop' }),
    },
    ['clip', 'model'],
  ),
  stage(
    'TrackStage',
    'track',
    'Made-up objects that move, vanish and come back',
    { objects: integer({ min: 1, max: 5000, default: 5 }), frames: integer({ min: 1, max: 100_000, default: 300 }) },
    [],
  ),
  stage(
    'ComposeStage',
    'compose',
    'Canvases of clips; tiles take them in turn',
    {
      clips: list(text()),
      layout: ref(BenchLayout, { default: 'split' }),
      width: edge({ default: 1920 }),
      height: edge({ default: 1080 }),
    },
    ['clips'],
  ),
  stage(
    'EncodeStage',
    'encode',
    'Canvases to packets',
    {
      clip,
      codec: ref(VideoCodec, { default: 'h264' }),
      profile: ref(Profile, { default: 'balanced' }),
      width: edge({ default: 1280 }),
      height: edge({ default: 720 }),
      fps: number({ min: 0.001, max: 1000, default: 30 }),
      threads: integer({ min: 0, max: 64, default: 0, doc: '0: as many as there are cores' }),
    },
    ['clip'],
  ),
];

export const stageRequest = union('StageRequest', 'A stage to be measured alone', stages, 'stage');

const clipRequest = object(
  'ClipRequest',
  'A clip of a moving pattern to be made',
  {
    path: text({ doc: 'its extension decides the container' }),
    width: integer({ min: 16, max: 8192, default: 1280 }),
    height: integer({ min: 16, max: 8192, default: 720 }),
    fps: integer({ min: 1, max: 240, default: 30 }),
    frames: integer({ min: 1, max: 1_000_000, default: 90 }),
  },
  { required: ['path'] },
);

// Facts

const doctorRequest = object('DoctorRequest', 'What is examined of a machine', { runtimeLibraries: list(text()) });

const inspectRequest = object(
  'InspectRequest',
  'A model to be opened for its facts',
  {
    runtimeLibraries: list(text()),
    device: text({ doc: "default `'cpu'`" }),
    providers: ref(providers),
    model: ref(modelFile),
  },
  { required: ['model'] },
);

export const unions = [stageRequest];

export const objects = [
  pixelRequest,
  jpegSettings,
  canvasRequest,
  submitRequest,
  recordOptions,
  recordRequest,
  recoveryNote,
  hostSpan,
  stageSetting,
  ...stages,
  clipRequest,
  doctorRequest,
  inspectRequest,
];
