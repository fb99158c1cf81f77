// Every list of names that TypeScript, C++ or a file format knows. The order counts: it is that of the messages and of the values in C++.
import { byId, names } from './build.mjs';
import { errors } from './errors.mjs';

const of = (area, cpp, is) => ({ area, cpp, is });

export const enums = [
  // What crosses everywhere
  names('PixelFormat', of('core', 'PixelFormatName', 'How the bytes of a picture are laid out, rows without padding'), {
    rgb24: '',
    bgr24: '',
    rgba: '',
    gray8: '',
    nv12: '',
    yuv420p: '',
  }),
  names('InputFormat', of('core', 'InputFormat', 'How pixels come that a caller or a module asks for'), {
    rgb24: '',
    gray8: '',
    nv12: '',
  }),
  names('TensorLayout', of('core', 'TensorLayout', "Order of the dimensions of a model's input"), {
    nchw: '',
    nhwc: '',
  }),
  names('DecidedBy', of('plan', 'DecidedBy', 'Who decided a value of the plan'), {
    call: 'the program',
    file: 'a configuration file',
    environment: 'an environment variable',
    probe: 'what was found: on this machine, in a model, in a source',
    default: { cpp: 'byDefault', doc: 'nobody' },
    engine: 'the engine, from the rest of the plan and the machine',
  }),
  names('Metric', of('core', 'Metric', 'How embeddings are compared'), { l2: '', cosine: '' }),

  // Sources
  names('SourceKind', of('graph', 'graph::SourceKind', 'What a source is'), {
    file: 'a file or URL',
    images: 'a list of pictures',
    frames: 'pushed pixels',
  }),
  names('Decoder', of('media', 'media::DecoderChoice', 'Who decodes'), {
    auto: { cpp: 'automatic', doc: "the run's GPU where it can, else libav on the CPU" },
    software: 'the CPU always',
    hardware: 'the GPU, else the source fails',
  }),
  names(
    'SkipLoopFilter',
    of('media', 'media::SkipLoopFilter', 'For which pictures the decoder leaves out its deblocking filter'),
    {
      none: '',
      nonref: 'those that no other picture is predicted from, so that the error stays in them',
      all: 'all: the error adds up until the next keyframe',
    },
  ),
  names('Deinterlace', of('media', 'media::Deinterlace', 'Which pictures are deinterlaced'), {
    auto: { cpp: 'automatic', doc: 'those that the decoder flags as interlaced' },
    off: 'none',
  }),
  names(
    'SourceIsolation',
    { is: 'Where a source is opened, read and decoded' },
    {
      inline: 'in this process',
      process: 'in a process of its own',
    },
  ),

  // Outputs
  names('Connection', of('media', 'media::Connection', 'How the connection of an output is'), {
    none: 'it has none: a file, or packets only',
    open: '',
    away: 'lost, or not there yet; it is tried again',
    closed: '',
  }),

  // Modules and models
  names('ModuleKind', of('graph', 'graph::ModuleKind', 'What a module does'), {
    detect: '',
    classify: '',
    raw: '',
    track: '',
    identify: '',
    js: '',
  }),
  names('OnError', of('graph', 'graph::OnError', 'What happens when a module fails'), {
    fail: 'the run ends',
    skip: 'the run goes on without a value',
    fallback: 'the value of the module `fallback` is taken',
  }),
  names('Head', of('infer', 'infer::HeadKind', 'What the outputs of a model are'), {
    blazeface: '',
    yunet: '',
    scrfd: '',
    retinaface: '',
    ultraface: '',
    yolo: '',
    'yolo-end2end': '',
    yolox: '',
    nanodet: '',
    'rt-detr': '',
    movenet: '',
    embedding: '',
    classification: '',
    raw: '',
  }),
  names('ColorOrder', of('infer', 'infer::ColorOrder', "Order of the channels of a model's input"), {
    rgb: '',
    bgr: '',
  }),
  names('Resize', of('infer', 'infer::Resize', "How a picture becomes the size of a model's input"), {
    letterbox: { cpp: 'letterboxCenter', doc: 'whole, with a border around it' },
    'letterbox-top-left': 'whole, with a border at its right or below',
    stretch: 'whole, in another shape',
    'center-crop': 'the middle of it',
  }),
  names('Align', of('infer', 'infer::Align', 'How faces are turned upright before they are embedded'), {
    dlib: '',
    arcface: '',
    none: '',
  }),
  names(
    'Precision',
    of('infer', 'infer::Precision', 'Float arithmetic of a model on a GPU; the CPU always computes in float32'),
    {
      fp32: '',
      tf32: 'matrix products with 10 bits of mantissa',
      fp16: 'half precision where it is faster (TensorRT)',
    },
  ),
  names(
    'Provider',
    of('infer', 'infer::Provider', 'What runs a model: TensorRT or CUDA on an NVIDIA GPU, or the CPU'),
    {
      tensorrt: '',
      cuda: '',
      cpu: '',
    },
  ),
  names('InputMemory', of('graph', 'graph::InputMemory', 'Where the pixels lie that a module asks for'), {
    host: '',
    device: '',
  }),
  names('Association', of('track', 'track::Association', 'How boxes become tracks'), {
    standard: '',
    bytetrack: 'the published algorithm to the letter',
  }),
  names('Reid', of('track', 'track::ReidMode', 'Which crops of people are embedded'), {
    conditional: 'those of ambiguous tracks, and a few good ones of the others',
    always: 'all',
    off: 'none',
  }),
  names(
    'ObservationKind',
    of(
      'graph',
      'graph::ObservationKind',
      'What a module gave for a frame: a value, one carried from an earlier frame, or none and why',
    ),
    {
      value: '',
      carried: '',
      none: '',
      error: '',
      dependency: '',
      cancelled: '',
      unordered: '',
    },
  ),

  // Composition and outputs
  names('LayoutKind', of('compose', 'compose::LayoutKind', 'How tiles are placed'), {
    split: '',
    grid: '',
    focus: '',
    custom: '',
  }),
  names('Fit', of('compose', 'compose::Fit', 'How a picture fills a tile of another shape'), {
    contain: '',
    cover: '',
    stretch: '',
    'center-crop': '',
  }),
  names('WhenEnded', of('compose', 'compose::WhenEnded', 'What a tile shows when its source ended or failed'), {
    hold: '',
    placeholder: '',
    black: '',
    relayout: '',
  }),
  names('FollowPick', of('compose', 'compose::Pick', 'Whom a tile follows'), {
    main: 'area x time',
    rank: '0 is the largest',
    id: 'an identity',
  }),
  names('RedactKind', of('compose', 'compose::RedactKind', 'How boxes are hidden'), { pixelate: '', blur: '' }),
  names('VideoCodec', of('media', 'media::VideoCodec', "Codec of an output's pictures"), {
    h264: '',
    hevc: '',
    av1: '',
  }),
  names('DynamicRange', of('media', 'media::DynamicRange', 'Brightness and colours of an output'), {
    sdr: 'BT.709, 8 bits',
    hdr10: 'PQ (SMPTE ST 2084), BT.2020, 10 bits',
    hlg: 'HLG (ARIB STD-B67), BT.2020, 10 bits',
  }),
  names('Latency', of('media', 'media::Latency', 'How long an encoder may keep pictures'), {
    normal: 'for look-ahead and B-frames, as its profile has it',
    low: 'not at all: a packet for each picture before the next one goes in',
  }),
  names('Profile', of('media', 'media::Profile', 'Speed of an encoder against the size of what it makes'), {
    realtime: '',
    streaming: '',
    balanced: '',
    quality: '',
    archival: '',
  }),
  names('EncoderSessions', of('media', 'media::SessionPolicy', "When no session of a GPU's encoder is free"), {
    fallback: 'software encodes',
    wait: 'it waits for one that this process gives back',
  }),
  names('RateControl', of('media', 'media::RateControl', 'How the bitrate of an output comes about'), {
    quality: 'constant quality, by profile',
    constant: 'the rate that was asked for, on average',
    adaptive: 'follows the complexity of the pictures',
    capped: 'constant quality, and at most the rate asked for: of encoders that keep their rate',
  }),
  names('AudioMode', of('graph', 'graph::AudioMode', 'Which sources are heard, where it is not a single one'), {
    first: 'the first that has any',
    mix: 'all',
    none: '',
  }),

  // Readings and measurements
  names('GpuMetric', of('telemetry', 'telemetry::GpuMetric', 'A reading of a GPU'), {
    sm: "percent of NVML's last period (1/6 to 1 s) in which a kernel ran",
    memoryController: 'percent of that period in which memory was read or written',
    encoder: 'percent of NVENC, over a period that the driver chooses',
    decoder: 'percent of NVDEC, over a period that the driver chooses',
    memoryBytes: 'in use on the whole device, by whomever',
    temperatureC: '',
    powerW: '',
  }),
  names('BenchStage', of('bench', 'bench::Stage', 'A stage that is measured alone'), {
    decode: '',
    letterbox: '',
    detect: '',
    embed: '',
    track: '',
    compose: '',
    encode: '',
  }),
  names('BenchLayout', of('bench', 'bench::ComposeLayout', 'A layout to be measured'), {
    whole: '',
    split: '',
    squeeze: '',
    '2x2': { cpp: 'grid2x2', doc: '' },
    '4x4': { cpp: 'grid4x4', doc: '' },
    follow: '',
  }),
];

/** Numbers in packed results (`ResultBlock` in src/native.ts): a name's value is its position. */
export const numbered = [
  names('ResultState', of('binding', 'binding::ResultState', 'The result of a module for a frame'), {
    pending: 'none yet',
    value: '',
    carried: 'the value of an earlier frame',
    none: 'it returned no value',
    error: 'it failed',
    dependency: 'one that it depends on has no value',
    cancelled: 'the run ended first',
    unordered: 'it needs the order of frames',
  }),
  names('ResultKind', of('binding', 'binding::ResultKind', 'The payload of a result'), {
    none: '',
    detections: '',
    tracks: '',
    people: '',
    classes: '',
    tensors: '',
    external: '',
    boxClasses: '',
  }),
];

/** Bits of one number. */
export const flags = [
  names('TrackMark', of('core', 'TrackMark', 'What a tracker notices about a track in a frame'), {
    new: { cpp: 'kTrackNew', doc: '' },
    recovered: { cpp: 'kTrackRecovered', doc: 'found again after being lost' },
    overlapping: { cpp: 'kTrackOverlapping', doc: 'touches another track' },
    separated: { cpp: 'kTrackSeparated', doc: 'was overlapping, no longer is' },
    reshaped: { cpp: 'kTrackReshaped', doc: 'its aspect or size jumped' },
    occluded: { cpp: 'kTrackOccluded', doc: 'mostly behind another track' },
  }),
];

/** The codes of errors.mjs, which has their meanings. */
const codes = { $id: 'ErrorCode', type: 'string', enum: Object.keys(errors), 'x-cpp': 'ErrorCode', 'x-area': 'error' };

/** By `$id`. */
export const named = byId([...enums, ...numbered, ...flags, codes]);
