/** The options of `framepath run`, checked and with their defaults. */

import { didYouMean } from '../did-you-mean.js';
import {
  type AudioMode,
  audioModeNames,
  type Decoder,
  decoderNames,
  type LayoutKind,
  type Profile,
  profileNames,
  type RedactKind,
  type Reid,
  redactKindNames,
  reidNames,
  type VideoCodec,
  videoCodecNames,
} from '../generated/enums.js';
import { comparisonRules, type IdentifyOptions } from '../modules/identify.js';
import { type ModelFacts, modelRules } from '../modules/module.js';
import { type BitrateRange, type EncodeOptions, encodeRules } from '../output.js';
import { choice, readArguments, UsageError, wholeNumber } from './command.js';
import { factsOf } from './facts.js';

/** What was asked for. */
export interface RunOptions {
  sources: string[];
  detect: string;
  detectFacts: ModelFacts;
  /** undefined: no identities */
  embed: string | undefined;
  embedFacts: ModelFacts & Pick<IdentifyOptions, 'metric' | 'threshold'>;
  reid: Reid;
  layout: Exclude<LayoutKind, 'custom'> | 'none';
  out: string | undefined;
  profile: Profile | undefined;
  codec: VideoCodec | undefined;
  bitrate: number | BitrateRange | undefined;
  audio: AudioMode | number;
  /** the options that have no flag of their own */
  encode: EncodeOptions;
  boxes: boolean;
  redact: RedactKind | undefined;
  redactAheadMs: number | undefined;
  files: Partial<Record<'results' | 'timeline' | 'mot' | 'report' | 'contactSheet' | 'trace', string>>;
  device: string | undefined;
  decoder: Decoder | undefined;
  limits: 'untrusted' | undefined;
  stride: number | undefined;
  startMs: number | undefined;
  endMs: number | undefined;
  json: boolean;
  /** nothing is run; the plan is written as text, and drawn into files */
  explain: { dot: string | undefined; mermaid: string | undefined } | undefined;
}

const { codec: _codec, profile: _profile, bitrate: _bitrate, ...otherEncodeRules } = encodeRules;

const text = { type: 'string' } as const;
const on = { type: 'boolean' } as const;

/** @throws UsageError */
export function readRunOptions(args: string[]): RunOptions {
  const { values, positionals: sources } = readArguments(args, {
    detect: text,
    'detect-facts': text,
    embed: text,
    'embed-facts': text,
    reid: text,
    layout: text,
    out: text,
    profile: text,
    codec: text,
    bitrate: text,
    audio: text,
    encode: text,
    boxes: on,
    redact: text,
    'redact-ahead': text,
    results: text,
    timeline: text,
    mot: text,
    report: text,
    'contact-sheet': text,
    trace: text,
    device: text,
    decoder: text,
    limits: text,
    stride: text,
    from: text,
    to: text,
    json: on,
    explain: on,
    dot: text,
    mermaid: text,
  });
  if (sources.length === 0) throw new UsageError('Expected at least one source');
  const { out, results, timeline, mot, report, trace, device } = values;
  for (const [name, value] of Object.entries(values))
    if (value === '') throw new UsageError(`Expected a value for --${name}`);
  const layout =
    choice('layout', values.layout, ['split', 'grid', 'focus', 'none']) ?? usualLayout(sources.length, out);
  const options: RunOptions = {
    sources,
    detect: values.detect ?? 'blazeface',
    detectFacts: factsOf('detect-facts', values['detect-facts'], modelRules),
    embed: values.embed === 'none' ? undefined : (values.embed ?? 'face-recognition'),
    embedFacts: factsOf('embed-facts', values['embed-facts'], { ...modelRules, ...comparisonRules }),
    reid: choice('reid', values.reid, reidNames) ?? 'conditional',
    layout,
    out,
    profile: choice('profile', values.profile, profileNames),
    codec: choice('codec', values.codec, videoCodecNames),
    bitrate: bitrateOf(values.bitrate),
    audio: audioOf(values.audio, sources.length),
    encode: factsOf('encode', values.encode, otherEncodeRules),
    boxes: values.boxes ?? false,
    redact: choice('redact', values.redact, redactKindNames),
    redactAheadMs: wholeNumber('redact-ahead', values['redact-ahead'], 0),
    files: { results, timeline, mot, report, trace, contactSheet: values['contact-sheet'] },
    device,
    decoder: choice('decoder', values.decoder, decoderNames),
    limits: choice('limits', values.limits, ['untrusted']),
    stride: wholeNumber('stride', values.stride, 1),
    startMs: wholeNumber('from', values.from, 0),
    endMs: wholeNumber('to', values.to, 1),
    json: values.json ?? false,
    explain: values.explain || values.dot || values.mermaid ? { dot: values.dot, mermaid: values.mermaid } : undefined,
  };
  checkTogether(options);
  return options;
}

function usualLayout(sources: number, out: string | undefined): RunOptions['layout'] {
  if (out === undefined) return 'none';
  return sources === 1 ? 'focus' : sources === 2 ? 'split' : 'grid';
}

/** `800k`, `2M`, `1.5M-6M` */
function bitrateOf(value: string | undefined): RunOptions['bitrate'] {
  if (value === undefined) return undefined;
  const rates = value.split('-').map((text) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text) ?? [];
    return Math.round(Number(digits) * { '': 1, k: 1e3, M: 1e6 }[unit as '' | 'k' | 'M']);
  });
  const [min = NaN, max = min] = rates;
  if (rates.length <= 2 && min >= 1000 && min <= max && max <= 1e9) return rates.length === 1 ? min : { min, max };
  throw new UsageError(
    `Expected bits per second (1000 to 1e9) such as 800k, 2M or a range such as 1M-6M for --bitrate but received '${value}'`,
  );
}

function audioOf(value: string | undefined, sources: number): RunOptions['audio'] {
  if (value === undefined) return 'first';
  const mode = audioModeNames.find((name) => name === value);
  if (mode) return mode;
  if (/^\d+$/.test(value) && Number(value) < sources) return Number(value);
  const expected = `${audioModeNames.join(', ')} or a source from 0 to ${sources - 1}`;
  throw new UsageError(`Expected ${expected} for --audio but received '${value}'${didYouMean(value, audioModeNames)}`);
}

function checkTogether(options: RunOptions): void {
  const { sources, layout, out, device, startMs = 0, endMs, bitrate, boxes, redact, embed, files } = options;
  if (embed === undefined && Object.keys(options.embedFacts).length > 0)
    throw new UsageError('--embed-facts needs an embedding model (--embed none has none)');
  if (embed === undefined && files.timeline)
    throw new UsageError('--timeline needs identities, and --embed none gives none');
  if (options.redactAheadMs !== undefined && !redact) throw new UsageError('--redact-ahead needs --redact');
  if (device !== undefined && !/^(auto|cpu|cuda:\d+)$/.test(device)) {
    throw new UsageError(`Expected auto, cpu or cuda:N for --device but received '${device}'`);
  }
  if (endMs !== undefined && endMs <= startMs)
    throw new UsageError(`Expected --to to be after --from (${startMs}) but received '${endMs}'`);
  if (out === undefined && layout !== 'none') throw new UsageError(`--layout ${layout} needs --out`);
  if (out === undefined && (boxes || redact)) throw new UsageError(`--${boxes ? 'boxes' : 'redact'} needs --out`);
  if (out === undefined && bitrate !== undefined) throw new UsageError('--bitrate needs --out');
  if (out === undefined && Object.keys(options.encode).length > 0) throw new UsageError('--encode needs --out');
  if (out === undefined) return;
  if (layout === 'none' && sources.length > 1) throw new UsageError('--layout none with --out takes one source');
  if (layout === 'none' && (boxes || redact)) throw new UsageError(`--${boxes ? 'boxes' : 'redact'} needs a layout`);
  if (layout === 'split' && sources.length > 2) throw new UsageError('--layout split takes one or two sources');
  if (sources.length > 16) throw new UsageError('A layout takes up to 16 sources');
}
