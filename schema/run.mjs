// A run: its output, its settings, all of it.
import { flag, integer, list, number, object, ref, text } from './build.mjs';
import { named } from './enums.mjs';
import { layout } from './layout.mjs';
import { module, providers } from './module.mjs';
import { source } from './source.mjs';

const { AudioMode, DecidedBy, DynamicRange, EncoderSessions, Latency, Profile, VideoCodec } = named;

export const encodeValues = object('EncodeValues', 'How an output is encoded', {
  codec: ref(VideoCodec, { default: 'h264' }),
  profile: ref(Profile, { default: 'balanced', doc: 'speed against size' }),
  bitrate: integer({
    min: 0,
    max: 1e9,
    default: 0,
    cpp: 'int64_t',
    doc: 'bits per second on average; 0 = constant quality by profile',
  }),
  dynamicRange: ref(DynamicRange, {
    by: 'source',
    absent: 'that of the sources where all have one, every output is HEVC or AV1 and canvases are not read; else sdr',
    doc: `\`'hdr10'\` and \`'hlg'\`: canvases of 10 bits, for HEVC and AV1. What a source has otherwise is shown in SDR: with SDR white
      at 203 cd/m² (PQ) or 75 % (HLG). All outputs of a composition have the same`,
  }),
  threads: integer({ min: 1, max: 256, by: 'engine', absent: 'from the machine', doc: 'encoder threads' }),
  latency: ref(Latency, {
    by: 'source',
    absent: 'low where a source is live and the output is a URL or packets only, else normal',
    doc: `\`'low'\`: no look-ahead and no B-frames (x264's and x265's zerolatency, NVENC's ultra low latency), so that each
      picture is a packet at once, at the cost of bitrate`,
  }),
  keyframeIntervalMs: integer({
    min: 1,
    max: 600_000,
    default: 2000,
    doc: 'longest distance of keyframes (GOP), in milliseconds; of HLS never longer than a segment',
  }),
  bFrames: integer({
    min: 0,
    max: 16,
    absent: 'by profile',
    doc: `B-frames in a row at most, of H.264 and HEVC; of AV1 0 turns reordering off. Above 0 not with \`latency: 'low'\` or the
      profile \`realtime\``,
  }),
  fragmentMs: integer({
    min: 20,
    max: 60_000,
    default: 1000,
    doc: 'longest fragment of an MP4, in milliseconds: what a killed process may lose',
  }),
  segmentMs: integer({ min: 100, max: 60_000, default: 2000, doc: 'length of HLS segments, in milliseconds' }),
  windowSegments: integer({
    min: 0,
    max: 100_000,
    default: 0,
    doc: 'HLS: so many segments are in the playlist and older ones are deleted, as for live streams; 0 = all are kept',
  }),
  realtime: flag({
    default: false,
    doc: `packets go out at their own times by the clock on the wall, not as fast as they are encoded: for streams of files and of
      pushed frames (ffmpeg's \`-re\`). What else the composition goes to keeps this pace too. A composition of live sources has it anyway`,
  }),
  reconnect: integer({
    min: -1,
    max: 1_000_000,
    default: 10,
    doc: `of a URL: attempts in a row to connect again when the connection was lost, with pauses of 0.25 s growing to 8 s, before
      the output fails; 0 = a loss is final, -1 = as many as it takes`,
  }),
  width: integer({
    min: 16,
    max: 16384,
    absent: "the canvas's, or in its proportions",
    doc: 'even; canvases of another size are scaled on the device, with bars where the proportions differ',
  }),
  height: integer({ min: 16, max: 16384, absent: "the canvas's, or in its proportions", doc: 'even' }),
  required: flag({
    default: false,
    doc: `when it fails the run fails, also when its peer is down at the start; else it ends alone, as long as another output (or
      reader of canvases) is left`,
  }),
});

const audioGain = object(
  'AudioGain',
  'How loud a source is in an output',
  {
    source: text({ doc: 'its id' }),
    gain: number({ min: 0, max: 100, doc: '1 = as it is, 0 = muted' }),
  },
  { required: ['source', 'gain'] },
);

export const output = object(
  'OutputSpec',
  'An output as the native side writes it',
  {
    name: text({ doc: 'unique in the run' }),
    path: text({ absent: 'packets only (`run.packets()`)', doc: 'a file or URL' }),
    minBitrate: integer({
      min: 0,
      max: 1e9,
      default: 0,
      cpp: 'int64_t',
      doc: 'above 0: between this and `bitrate`, as the pictures need',
    }),
    audio: ref(AudioMode, { default: 'first' }),
    audioSource: integer({ min: 0, absent: 'as `audio` has it', doc: 'position of the one source that is heard' }),
    audioId: text({ doc: 'id of the one source that is heard when it joins' }),
    audioGains: list(ref(audioGain), { doc: 'these sources mixed; the others are not heard' }),
    packets: flag({ by: 'engine', absent: 'only without a path', doc: 'keep packets for `nextPacket`' }),
  },
  { required: ['name'], also: [encodeValues] },
);

export const composition = object(
  'CompositionSpec',
  'A canvas, and the outputs that it goes to',
  {
    name: text({ doc: 'unique in the run' }),
    sources: list(integer({ min: 0 }), {
      absent: 'all of the run, or, where it has other compositions, those that the layout shows',
      doc: 'positions of the sources that it takes frames of',
    }),
    layout: ref(layout),
    outputs: list(ref(output)),
    canvases: flag({
      default: false,
      doc: 'keep each for `run.canvases()`, which must then take them: the run waits for it',
    }),
  },
  { required: ['name', 'layout', 'outputs'] },
);

/** What callers and configuration files set of a run, and goes to the native side as it is. */
export const runSettings = object('RunSettings', 'Settings of a run', {
  inFlight: integer({ min: 1, max: 256, default: 8, doc: 'frames of a source alive at once' }),
  resultQueue: integer({ min: 1, max: 100_000, default: 64, doc: 'results of a source that wait for the caller' }),
  keptFrames: integer({ min: 0, max: 256, default: 8, doc: 'frames kept with `frame.keep()` at once' }),
  maxPending: integer({
    min: 1,
    max: 100_000,
    default: 1024,
    doc: 'pictures given to `run.submit()` that are not answered yet, before it rejects with `BUSY`',
  }),
  memoryLimit: integer({
    min: 1_000_000,
    max: Number.MAX_SAFE_INTEGER,
    absent: '75 % of it; never more than is free',
    doc: "bytes of a GPU's memory that the runs of this process may take together",
  }),
  maxEncoderSessions: integer({
    min: 1,
    max: 1000,
    absent: 'as many as the driver allows',
    doc: 'sessions of GPU encoders in this process at once',
  }),
  encoderSessions: ref(EncoderSessions, {
    default: 'fallback',
    doc: `when no session of a GPU's encoder is free: \`'fallback'\` encodes in software, \`'wait'\` waits for one that this process
      gives back`,
  }),
});

const level = object(
  'LevelSpec',
  'A level of the configuration that decided an option',
  {
    option: text({ doc: 'its path in the spec: `modules[0].policy.stride`' }),
    by: ref(DecidedBy),
    why: text({ doc: 'the file, and which part of it; the variable' }),
  },
  { required: ['option', 'by', 'why'] },
);

export const pipeline = object(
  'PipelineSpec',
  'A run as the native side starts it',
  {
    device: text({
      by: 'engine',
      absent: "`'auto'`",
      doc: "`'auto'`, `'cpu'` or `'cuda:N'`; in the plan never `'auto'`",
    }),
    levels: list(ref(level), { plan: false, doc: 'what was not decided by the call' }),
    runtimeLibraries: list(text(), { plan: false, doc: 'where ONNX Runtime may be, the first that is there' }),
    providers: ref(providers),
    sources: list(ref(source)),
    modules: list(ref(module)),
    compositions: list(ref(composition)),
    keepPixels: flag({}),
    open: flag({
      default: false,
      doc: 'more than one source may be added later: a run without sources stays open until closed',
    }),
    snapshots: flag({
      default: false,
      doc: 'collect best shots for the contact sheet: of identities, else of tracks',
    }),
    trace: flag({ default: false, doc: 'keep a per-worker timeline, for `trace()`' }),
    rows: text({
      presence: true,
      absent: 'none are kept',
      doc: 'keep rows for `mot()`, of identities, else of tracks, in an unlinked file in this folder',
    }),
  },
  { required: ['runtimeLibraries', 'sources', 'modules', 'keepPixels'], also: [runSettings] },
);

/** Asked of a run that composes. */
export const audioChange = object(
  'AudioChange',
  'How loud sources are from now on',
  {
    gains: list(ref(audioGain)),
    only: text({ doc: 'id of the one source that is heard; the others are muted' }),
  },
  { required: ['gains'] },
);

export const objects = [encodeValues, audioGain, audioChange, output, composition, runSettings, level, pipeline];
