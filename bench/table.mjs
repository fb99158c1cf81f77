// A result as tables, for the terminal and in Markdown. Pure: a result in, a string out.
import * as format from './format.mjs';
import { list, pipelineGroups, section, skippedParts } from './result.mjs';

const { count, fps, gbPerSecond, isNumber, megabytes, missing, ms, number, percent, plusMinus, reason, text, times } =
  format;

const loopDelay = (delay) =>
  isNumber(delay?.p50) || isNumber(delay?.p99) ? `${number(delay?.p50)} / ${number(delay?.p99)}` : missing;

function remarks({ noisy, notes, skipped }) {
  if (skipped) return `skipped: ${reason(skipped)}`;
  return [noisy ? 'noisy' : '', ...(Array.isArray(notes) ? notes : [])].filter(Boolean).map(text).join('; ');
}

/** Every table is {title, head, left, rows, note}: `left`: number of text columns before the numbers. */
function pipelines(result) {
  const rows = pipelineGroups(result).flatMap(({ name, contenders }) =>
    contenders.map((row) => [
      name,
      text(row.contender),
      `${fps(row.fps)} ${plusMinus(row.fpsSpread)}`.trim(),
      number(row.cpuSecondsPer1000),
      megabytes(row.peakRssBytes),
      loopDelay(row.eventLoopDelayMs),
      ms(row.firstResultMs),
      percent(row.utilisation),
      percent(row.efficiency),
      remarks(row),
    ]),
  );
  return {
    title: 'Pipelines',
    head: [
      'pipeline',
      'contender',
      'speed',
      'CPU s/1000 frames',
      'peak RSS',
      'loop delay p50 / p99 ms',
      'first result',
      'utilisation',
      'efficiency',
      'notes',
    ],
    left: 2,
    rows,
    reason: rows.length ? null : section(result, 'pipelines').reason,
    note: '± is half of (max − min) / median over the trials.',
  };
}

function stages(result) {
  const { rows, skipped, reason: why } = section(result, 'stages');
  return {
    title: 'Stages alone',
    head: ['stage', 'case', 'per', 'CPU', 'wall', 'spread', 'items', 'notes'],
    left: 3,
    rows: [...rows, ...skipped].map((row) => [
      text(row.stage),
      text(row.case),
      text(row.unit),
      `${ms(row.cpuMs)} ${plusMinus(row.spread)}`.trim(),
      ms(row.wallMs),
      percent(row.spread),
      count(row.items),
      remarks(row),
    ]),
    reason: why,
  };
}

function kernels(result) {
  const { rows, skipped, reason: why } = section(result, 'kernels');
  return {
    title: 'Kernels',
    head: ['kernel', 'case', 'instruction set', 'time', 'throughput', '× a memory copy', 'notes'],
    left: 3,
    rows: [...rows, ...skipped].map((row) => [
      text(row.name),
      text(row.case),
      text(row.isa),
      ms(row.ms),
      gbPerSecond(row.gbPerSecond),
      times(row.copyRatio),
      remarks(row),
    ]),
    reason: why,
    note: '× a memory copy: its time over that of a memcpy of the same bytes; 1 is as fast.',
  };
}

/** Our kernels and others that do the same work, case by case. */
function rivals(result) {
  const parts = ['letterbox', 'compose'].flatMap((part) =>
    list(result?.swscale?.[part]).map((row) => ({ part, ...row })),
  );
  return {
    title: 'Kernels beside swscale and a memory copy',
    head: ['kernel', 'case', 'contender', 'instruction set', 'time'],
    left: 4,
    rows: parts.map((row) => [row.part, text(row.case), text(row.contender), text(row.isa), ms(row.ms)]),
    reason: parts.length ? null : reason(result?.swscale?.skipped ?? 'not part of this run'),
    note: 'One thread, frames not in the cache, contenders in turn.',
  };
}

function ratios(result) {
  const { rows, skipped, reason: why } = section(result, 'ratios');
  return {
    title: 'Ratios, framepath to the other',
    head: ['pipeline', 'against', 'fps', 'CPU per frame', 'notes'],
    left: 2,
    rows: [...rows, ...skipped].map((row) => [
      text(row.pipeline),
      text(row.against),
      times(row.fps),
      times(row.cpu),
      remarks(row),
    ]),
    reason: why,
    note: 'fps above 1× and CPU below 1× are better.',
  };
}

/** `yes`, `no`, or that it was not measured. */
export const metWord = ({ met, skipped }) =>
  skipped ? `skipped: ${reason(skipped)}` : met === true ? 'yes' : met === false ? 'no' : 'not measured';

/** A target's number with its unit where it states one. */
export const targetText = (value, unit) =>
  value !== null && value !== undefined && unit ? `${text(value)} ${text(unit)}` : text(value);

function targets(result) {
  const { rows, skipped, reason: why } = section(result, 'targets');
  return {
    title: 'Targets',
    head: ['target', 'wanted', 'measured', 'met'],
    left: 1,
    rows: [...rows, ...skipped].map((row) => [
      text(row.name),
      targetText(row.target, row.unit),
      targetText(row.value, row.unit),
      metWord(row),
    ]),
    reason: why,
  };
}

function options(result) {
  const { rows, skipped, reason: why } = section(result, 'options');
  return {
    title: 'Options that trade something, to the defaults',
    head: ['option', 'fps', 'CPU per frame', 'boxes found again', 'track ids kept', 'notes'],
    left: 1,
    rows: [...rows, ...skipped].map((row) => [
      text(row.name),
      times(row.fps),
      times(row.cpu),
      percent(row.recall),
      percent(row.idsKept),
      remarks(row),
    ]),
    reason: why,
    note:
      'Decoding, detecting and tracking the clip of A. Boxes found again: of the detections with the defaults, at IoU 0.5. Track ids kept: of the tracked boxes with the ' +
      'defaults, those found at IoU 0.5 under one id for each id.',
  };
}

function scaling(result) {
  const { rows, skipped, reason: why } = section(result, 'scaling');
  return {
    title: 'Scaling',
    head: ['what', 'unit', 'points', 'notes'],
    left: 4,
    rows: [...rows, ...skipped].map((row) => [
      text(row.name),
      text(row.unit),
      (Array.isArray(row.x) ? row.x : []).map((x, i) => `${text(x)}: ${number(row.y?.[i])}`).join('  ') || missing,
      remarks(row),
    ]),
    reason: why,
  };
}

/** Wait and service of one contender's stages. */
export function waits(row) {
  const of = (values) => ['p50', 'p95', 'p99', 'max'].map((name) => number(values?.[name])).join(' / ');
  return {
    title: `Wait and service, ${text(row.name)} ${text(row.contender)}`,
    head: [
      'stage',
      'kind',
      'count',
      'batches',
      'workers',
      'wait p50 / p95 / p99 / max ms',
      'service p50 / p95 / p99 / max ms',
      'busy',
    ],
    left: 2,
    rows: list(row.stages).map((stage) => [
      text(stage.name),
      text(stage.kind),
      count(stage.count),
      count(stage.batches),
      count(stage.workers),
      of(stage.waitMs),
      of(stage.serviceMs),
      percent(stage.busy),
    ]),
    reason: null,
  };
}

function skipped(result) {
  const parts = skippedParts(result);
  return {
    title: 'Skipped',
    head: ['what', 'why'],
    left: 2,
    rows: parts.map((part) => [part.what, part.reason]),
    reason: parts.length ? null : 'nothing',
  };
}

/** The tables by name, as data: `tableOf.kernels(result)`. */
export const tableOf = { pipelines, ratios, targets, stages, kernels, rivals, options, scaling, skipped };

/** Drops columns without values; the first is always kept. */
export function withoutEmptyColumns({ head, rows, left }) {
  const hasValue = (column) => column === 0 || rows.some((row) => row[column] !== missing && row[column] !== '');
  const keep = head.map((_, column) => column).filter(hasValue);
  return {
    head: keep.map((column) => head[column]),
    rows: rows.map((row) => keep.map((column) => row[column])),
    isWord: keep.map((column) => column < left || ['notes', 'met'].includes(head[column])),
  };
}

/** Characters as a terminal counts them. */
const width = (text) => [...text].length;

function padded(word, columns, toTheLeft) {
  const space = ' '.repeat(Math.max(0, columns - width(word)));
  return toTheLeft ? word + space : space + word;
}

/** A table for the terminal. */
export function asText(table) {
  if (table.reason) return `${table.title}: ${table.reason}\n`;
  const { head, rows, isWord } = withoutEmptyColumns(table);
  const widths = head.map((word, column) => Math.max(width(word), ...rows.map((row) => width(row[column]))));
  const line = (row) =>
    row
      .map((word, column) => padded(word, widths[column], isWord[column]))
      .join('  ')
      .trimEnd();
  const rule = widths.map((columns) => '─'.repeat(columns)).join('  ');
  const note = table.note ? `${table.note}\n` : '';
  return `${table.title}\n${[line(head), rule, ...rows.map(line)].join('\n')}\n${note}`;
}

const cell = (word) => word.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The same in Markdown, without its title. */
export function asMarkdown(table) {
  if (table.reason) return `${table.title}: ${cell(table.reason)}\n`;
  const { head, rows, isWord } = withoutEmptyColumns(table);
  const line = (row) => `| ${row.map(cell).join(' | ')} |`;
  const rule = `|${isWord.map((word) => (word ? '---' : '---:')).join('|')}|`;
  const note = table.note ? `\n${table.note}\n` : '';
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n${note}`;
}

/** Load of the machine by other processes, as text. */
export function noiseLine({ noise }) {
  if (!isNumber(noise?.othersCpu)) return 'What other programs took of the machine was not measured.';
  const repeated = noise.repeated ?? 0;
  return (
    `Other programs took ${percent(noise.othersCpu)} of the machine (median; ${percent(noise.worst)} at worst); ` +
    `${count(repeated)} ${repeated === 1 ? 'trial was' : 'trials were'} repeated.`
  );
}

/** Time to the first result, and the event loop's delay in an idle process. */
export function startLine({ start, idle }) {
  const parts = [
    isNumber(start?.warmMs) &&
      `From start() to the first result of A: ${ms(start.warmMs)}, ${ms(start.coldMs)} in a fresh process.`,
    isNumber(idle?.p99) && `Event loop delay of an idle process: ${loopDelay(idle)} ms (p50 / p99).`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** Everything, for the terminal. */
export function tables(result) {
  const waiting = list(result?.pipelines).filter((row) => list(row.stages).length);
  const all = [
    ...['pipelines', 'ratios', 'targets'].map((name) => tableOf[name](result)),
    ...waiting.map(waits),
    ...['stages', 'kernels', 'rivals', 'options', 'scaling', 'skipped'].map((name) => tableOf[name](result)),
  ];
  const lines = [startLine(result ?? {}), noiseLine(result ?? {})].filter(Boolean);
  return `${all.map(asText).join('\n')}\n${lines.join('\n')}\n`;
}

/** Everything, in Markdown, a heading each. */
export function markdownTables(result, level = 2) {
  const names = Object.keys(tableOf);
  const parts = names.map((name) => {
    const table = tableOf[name](result);
    return `${'#'.repeat(level)} ${table.title}\n\n${table.reason ? `${cell(table.reason)}\n` : asMarkdown(table)}`;
  });
  return `${parts.join('\n')}\n${noiseLine(result ?? {})}\n`;
}
