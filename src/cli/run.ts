/** `framepath run`: analyse, compose, encode. */
import { existsSync } from 'node:fs';
import { dotOf } from '../explain/dot.js';
import { drawingOf } from '../explain/drawing.js';
import { mermaidOf } from '../explain/mermaid.js';
import { explanationText } from '../explain/text.js';
import type { Report } from '../generated/results.js';
import { focus, follow, grid, type Layout, split } from '../layout.js';
import { localPath } from '../local-path.js';
import { detect } from '../modules/detect.js';
import { identify } from '../modules/identify.js';
import { track } from '../modules/track.js';
import { type Pipeline, pipeline } from '../pipeline.js';
import { probe } from '../probe.js';
import type { Run } from '../run/run.js';
import { video } from '../source.js';
import { writeOutput } from '../writers/output-file.js';
import { refuseSharedFiles } from '../writers/shared-files.js';
import { motPath } from '../writers/writers.js';
import { type Command, json } from './command.js';
import { ProgressLine } from './progress-line.js';
import { type RunOptions, readRunOptions } from './run-options.js';
import { usage } from './run-usage.js';
import { outputLines, peopleFound, sourceLines, stageTable } from './summary.js';
import type { Terminal } from './terminal.js';

/** The layout: `split` follows the main person of each half, the others show whole pictures. */
function layoutOf(
  { layout, sources, boxes, redact, redactAheadMs, embed }: RunOptions,
  size: { width: number; height: number },
): Layout | undefined {
  const people = embed === undefined ? 'tracks' : 'people';
  const canvas = {
    ...size,
    ...(boxes && { draw: { boxes: people } }),
    ...(redact && { redact: { of: 'faces', kind: redact, lookAheadMs: redactAheadMs } }),
  };
  switch (layout) {
    case 'none':
      return undefined;
    case 'split':
      return split({
        ...canvas,
        left: follow(people, { source: 0 }),
        right: follow(people, { source: sources.length > 1 ? 1 : 0 }),
      });
    case 'grid':
      return grid(canvas);
    case 'focus':
      return focus(canvas);
  }
}

/** One whole source keeps its size; everything else is Full HD. */
async function canvasSize({ layout, sources }: RunOptions): Promise<{ width: number; height: number }> {
  if (layout !== 'focus' || sources.length > 1) return { width: 1920, height: 1080 };
  const { width, height } = await probe(sources[0]!);
  return { width: Math.max(16, width - (width % 2)), height: Math.max(16, height - (height % 2)) };
}

async function describe(options: RunOptions): Promise<Pipeline> {
  const { stride, startMs, endMs, decoder, limits, files, out, codec, profile, bitrate, audio, encode } = options;
  const sources = options.sources.map((uri) => video(uri, { stride, startMs, endMs, decoder, limits }));
  let description: Pipeline = pipeline(...sources)
    .use(detect('faces', options.detect, options.detectFacts))
    .use(track('tracks', { of: 'faces' })) as unknown as Pipeline;
  if (options.embed !== undefined) {
    const { metric, threshold, ...facts } = options.embedFacts;
    const { embed: model, reid } = options;
    const people = identify('people', { of: 'tracks', model, reid, facts, metric, threshold });
    description = description.use(people) as unknown as Pipeline;
  }
  const layout = out === undefined ? undefined : layoutOf(options, await canvasSize(options));
  if (layout) description = description.compose(layout) as unknown as Pipeline;
  if (out !== undefined) description = description.encode(out, { ...encode, codec, profile, bitrate, audio });
  if (options.device !== undefined) description = description.options({ device: options.device });
  if (files.results) description = description.results(files.results);
  if (files.timeline) description = description.timeline(files.timeline);
  if (files.mot) description = description.mot(files.mot);
  if (files.report) description = description.report(files.report);
  if (files.contactSheet) description = description.contactSheet(files.contactSheet);
  if (files.trace) description = description.trace(files.trace);
  return description;
}

/** Waits for the end. The first interrupt finishes the files, a second one aborts. True: it ended without an interrupt. */
async function finish(run: Run, terminal: Terminal, abort: AbortController): Promise<boolean> {
  let interrupted = false;
  let closing: Promise<void> | undefined;
  const stopListening = terminal.onInterrupt(() => {
    if (interrupted) return abort.abort();
    interrupted = true;
    terminal.err('\nStopping: finishing the files (interrupt again to abort)\n');
    closing = run.close();
    closing.catch(() => undefined); // awaited below
  });
  const line = new ProgressLine(terminal, () => run.progress);
  try {
    await run.done;
    await closing;
  } finally {
    line.stop();
    if (!interrupted) stopListening(); // else a second interrupt would kill the process before its summary
  }
  return !interrupted;
}

/** Whether every source was read to its end and every output written to its end. */
function whole({ sources, outputs }: Report): boolean {
  return sources.every(({ error }) => !error) && outputs.every(({ complete }) => complete);
}

async function summary(report: Report, run: Run, options: RunOptions, terminal: Terminal): Promise<void> {
  if (options.json) return terminal.out(json(report));
  terminal.out(`${stageTable(report)}\n${sourceLines(report)}`);
  if (options.embed !== undefined) terminal.out(peopleFound(await run.timeline()));
  const { mot, ...others } = options.files;
  const mots = mot ? options.sources.map((_, i) => motPath(mot, String(i), options.sources.length)) : [];
  const files = [...Object.values(others), ...mots].filter(
    (path): path is string => path !== undefined && existsSync(path),
  );
  terminal.out(outputLines(report, files));
}

/** Writes the plan of a run as text or JSON, and draws it. */
async function explain(description: Pipeline, options: RunOptions, terminal: Terminal): Promise<number> {
  const explanation = await description.explain();
  const drawing = drawingOf(explanation);
  const { dot, mermaid } = options.explain!;
  const files = [
    ...(dot ? [{ path: dot, use: 'drawing (--dot)', text: dotOf(drawing) }] : []),
    ...(mermaid ? [{ path: mermaid, use: 'drawing (--mermaid)', text: mermaidOf(drawing) }] : []),
  ];
  const models = explanation.modules.flatMap(({ model }) => (model ? [{ path: model.file, use: 'a model' }] : []));
  refuseSharedFiles(files, [...options.sources.map((uri) => ({ path: localPath(uri), use: 'a source' })), ...models]);
  for (const { path, text } of files) await writeOutput(path, text);
  terminal.out(options.json ? json(explanation) : explanationText(explanation));
  return 0;
}

export const run: Command = {
  summary: 'analyse videos, compose and encode them',
  usage,
  async run(args, terminal) {
    const options = readRunOptions(args);
    const description = await describe(options);
    if (options.explain) return explain(description, options, terminal);
    const abort = new AbortController();
    let starting = true;
    const stopListening = terminal.onInterrupt(() => {
      if (starting) abort.abort(); // no files to finish yet
    });
    const running = await description.start({ signal: abort.signal }).finally(() => {
      starting = false;
      stopListening();
    });
    try {
      const complete = await finish(running, terminal, abort);
      const report = await running.report();
      await summary(report, running, options, terminal);
      return complete && whole(report) ? 0 : 1;
    } finally {
      await running.close().catch(() => undefined); // `done` has reported the failure
    }
  },
};
