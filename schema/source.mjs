// Sources and their limits.
import { flag, integer, list, number, object, ref, text } from './build.mjs';
import { named } from './enums.mjs';

const { Decoder, Deinterlace, PixelFormat, SkipLoopFilter, SourceKind } = named;

/** Of {@link Limits}: what is the same for a caller and natively. */
export const limitValues = object('LimitValues', 'Limits of what a source may be and reach', {
  maxBytes: integer({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 0,
    doc: 'bytes over everything the source opens: the file, and the playlists and segments it names; 0 = no limit',
  }),
  maxPixels: integer({
    min: 0,
    default: 0,
    cpp: 'int64_t',
    doc: 'pixels of one coded picture, declared or met in mid-stream; 0 = no limit',
  }),
  maxDurationMs: integer({
    min: 0,
    default: 0,
    cpp: 'int64_t',
    doc: 'milliseconds, declared or delivered; 0 = no limit',
  }),
  jail: text({ absent: 'none', doc: 'local files, also those that a playlist names, must lie below this folder' }),
  protocols: list(text(), {
    absent: 'all but those that open what their URL names in turn (`concat:`, `async:`, `subfile:`, `pipe:`, ...)',
    doc: "allowed libavformat protocols, e.g. `['file']`",
  }),
  hosts: list(text(), {
    absent: 'every one',
    doc: `Hosts that may be connected to, also after redirects and from playlists: names, \`*.\` and a domain, addresses, each
      perhaps with a port, e.g. \`['camera.example.com', '*.example.com', '10.0.0.7:554', '[::1]:80']\`. Names and addresses
      that are listed may be private ones. Needs \`isolation: 'process'\`, and sets it`,
  }),
  privateNetworks: flag({
    default: true,
    doc: `whether loopback, private, link-local (cloud metadata) and other addresses that are not of the public internet may be
      connected to. \`false\` needs \`isolation: 'process'\`, and sets it`,
  }),
});

export const limits = object(
  'LimitsSpec',
  'Limits on what a source may be',
  { isolated: flag({ default: false, doc: 'opened, read and decoded in a process of its own' }) },
  { also: [limitValues] },
);

/** What callers may set of a file or URL, and, but for startMs, endMs and live, of a camera. */
export const fileOptions = object('FileOptions', 'Options of a file or a URL', {
  startMs: number({ min: 0, default: 0, doc: 'start here, in milliseconds of the file' }),
  endMs: number({ min: 0, absent: 'its end', doc: 'end here, in milliseconds of the file' }),
  stride: integer({ min: 1, default: 1, doc: 'take every Nth frame' }),
  maxFps: number({ min: 0.001, absent: 'all', doc: 'leave frames out so that no more than this many a second remain' }),
  maxGapMs: number({
    min: -1,
    default: 10_000,
    doc: 'a longer gap between pictures, in milliseconds, is cut out of the times; -1 = none is',
  }),
  decoder: ref(Decoder, {
    default: 'auto',
    doc: `who decodes: \`'auto'\` the GPU of the run where it can, else libav on the CPU; \`'software'\` the CPU always;
      \`'hardware'\` the GPU or nobody: the source then fails where \`'auto'\` would fall back`,
  }),
  deinterlace: ref(Deinterlace, {
    default: 'auto',
    doc: `\`'auto'\`: pictures flagged as interlaced become progressive, one for each, before anything sees them; \`'off'\`: both
      fields stay in the picture`,
  }),
  threads: integer({
    min: 1,
    max: 256,
    by: 'engine',
    absent: 'from the machine',
    doc: "decoder threads, in software. Of a live source they share a picture's slices: none waits",
  }),
  skipLoopFilter: ref(SkipLoopFilter, {
    default: 'none',
    doc: `For which pictures the decoder leaves out its deblocking filter (H.264, HEVC and others that have one): less
      decoding time, for pictures that are looked at by models only; in software only. What it gives and costs:
      docs/performance.md, \`framepath bench --only options\``,
  }),
  maxDecodeErrors: integer({
    min: 0,
    default: 100,
    doc: 'corrupt pictures in a row that are left out, and counted, before the source fails with `DECODE_FAILED`',
  }),
  live: flag({
    by: 'source',
    absent: 'by its container',
    doc: 'a live source drops frames when the run is busy, a file waits',
  }),
  maxAgeMs: integer({
    min: 0,
    default: 1000,
    doc: `of a live source: no result is delivered later than this after its frame was read. Frames are dropped while
      the modules are behind, results that come too late or are not taken in time too; the report counts them by cause. 0 = no limit`,
  }),
  reconnect: integer({
    min: -1,
    max: 1_000_000,
    default: 10,
    doc: `attempts in a row to open a live network source again when it was lost, with pauses of 0.25 s growing to 8 s, before
      the source fails; 0 = a loss is final, -1 = as many as it takes`,
  }),
  required: flag({
    default: false,
    doc: `a live network source that is down when it is opened fails \`start()\` or \`add()\`; else it is tried again, as one that
      was lost (\`reconnect\`), while the others run`,
  }),
});

/** What callers may set of a live source. */
export const recorder = object(
  'RecorderOptions',
  'What is kept of a live source for `run.record()`, compressed as it came',
  {
    preMs: integer({
      min: 0,
      max: 600_000,
      default: 10_000,
      doc: 'so many milliseconds, and back to the keyframe before them: how far before its call a recording may begin',
    }),
    maxBytes: integer({
      min: 100_000,
      max: 4e9,
      cpp: 'int64_t',
      default: 64_000_000,
      doc: 'at most so many bytes, by which less is kept of a source of more than 50 Mbit/s; a recording may wait for the disk with twice as many',
    }),
  },
);

/** What callers may set of pushed frames. */
export const framesValues = object('FramesValues', 'How pushed frames come', {
  format: ref(PixelFormat, { default: 'rgb24' }),
  fps: number({ min: 0.001, max: 1000, default: 30, doc: 'rate of frames that come without a time' }),
});

export const source = object(
  'SourceSpec',
  'A source as the native side opens it',
  {
    id: text(),
    kind: ref(SourceKind),
    uri: text(),
    images: list(text(), { plan: false }),
    imageFps: number({ min: 0.001, max: 1000, default: 1, doc: 'pictures a second of their times' }),
    limits: ref(limits),
    recorder: ref(recorder, { absent: 'nothing is kept' }),
    width: integer({ min: 0, max: 16384, default: 0, doc: 'of pushed frames' }),
    height: integer({ min: 0, max: 16384, default: 0, doc: 'of pushed frames' }),
    triesGpu: flag({
      found: true,
      by: 'engine',
      doc: "a GPU's decoder is tried first; `decodedOnGpu` of the report counts what it decoded",
    }),
  },
  { required: ['id', 'kind'], also: [fileOptions, framesValues] },
);

export const objects = [limitValues, limits, fileOptions, recorder, framesValues, source];
