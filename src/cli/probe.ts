/** `framepath probe`: facts of a source. */
import type { SourceInfo } from '../generated/results.js';
import { probe as probeSource } from '../probe.js';
import { type Command, choice, json, readArguments, UsageError } from './command.js';

const usage = `Usage: framepath probe <source...> [--limits untrusted] [--json]

Reports the content of a video, picture or audio file or a URL, without decoding it. --limits untrusted: stricter
limits for a source that is not trusted, see docs/sources.md.
`;

function lines(uri: string, info: SourceInfo): string {
  const picture = info.codec
    ? [
        `${info.codec} ${info.pixelFormat}, ${info.width}x${info.height}${info.fps > 0 ? `, ${round(info.fps)} frames/s` : ''}`,
        ...(info.rotation
          ? [`rotated by ${info.rotation} degrees to be upright (stored as ${info.codedWidth}x${info.codedHeight})`]
          : []),
        ...(info.interlaced ? ['interlaced'] : []),
        ...(info.hdr ? ['HDR'] : []),
      ]
    : [];
  const audio = info.audio.map(
    ({ codec, sampleRate, channels }) => `audio: ${codec}, ${sampleRate} Hz, ${channels} channels`,
  );
  const length = [
    ...(info.durationMs >= 0 ? [`${(info.durationMs / 1000).toFixed(2)} s`] : []),
    ...(info.frames >= 0 ? [`about ${info.frames} frames`] : []),
    ...(info.bytes >= 0 ? [`${info.bytes} bytes`] : []),
  ].join(', ');
  const all = [`${info.kind} in ${info.container}`, ...picture, ...audio, length].filter((line) => line !== '');
  return `${uri}\n${all.map((line) => `  ${line}\n`).join('')}`;
}

const round = (fps: number) => Math.round(fps * 1000) / 1000;

export const probe: Command = {
  summary: 'the content of a video, picture or audio file',
  usage,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' }, limits: { type: 'string' } });
    const limits = choice('limits', values.limits, ['untrusted']);
    if (positionals.length === 0) throw new UsageError('Expected a source');
    const infos = [];
    for (const uri of positionals) {
      const info = await probeSource(uri, { limits });
      infos.push(info);
      if (!values.json) terminal.out(lines(uri, info));
    }
    if (values.json) terminal.out(json(infos.length === 1 ? infos[0] : infos));
    return 0;
  },
};
