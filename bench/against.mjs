// Compares a result with an earlier one: changes beyond both spreads, rows of one side only, and whether the two are comparable.
import * as format from './format.mjs';
import { section } from './result.mjs';
import { asMarkdown, asText } from './table.mjs';

const { date, isNumber, megabytes, missing, ms, number, percent, reason: inOneLine, text, times } = format;

/** Threshold for rows without a spread (kernels, memory, a single trial). */
const assumedSpread = 0.05;

const spreadOf = (row, name) => (row.trials === 1 || !isNumber(row[name]) ? assumedSpread : row[name]);

/** The figures of each section: `value` of a row, its spread, and which direction is better. */
const metrics = {
  pipelines: [
    { metric: 'fps', field: 'fps', spread: 'fpsSpread', moreIsBetter: true, show: format.fps },
    {
      metric: 'CPU s/1000 frames',
      field: 'cpuSecondsPer1000',
      spread: 'fpsSpread',
      show: (value) => (isNumber(value) ? `${number(value)} s` : missing),
    },
    { metric: 'peak RSS', field: 'peakRssBytes', spread: null, show: megabytes },
  ],
  stages: [{ metric: 'CPU', field: 'cpuMs', spread: 'spread', show: ms }],
  kernels: [{ metric: 'time', field: 'ms', spread: null, show: ms }],
};

const keyParts = {
  pipelines: (row) => [row.name, row.contender],
  stages: (row) => [row.stage, row.case],
  kernels: (row) => [row.name, row.case, row.isa],
};

/** Rows by key; the second of two rows with one key is another row, not a replacement. */
function byKey(rows, name) {
  const found = new Map();
  for (const row of rows) {
    const key = keyParts[name](row)
      .map(text)
      .filter((word) => word !== missing)
      .join(' · ');
    let unique = key;
    for (let n = 2; found.has(unique); n++) unique = `${key} (${n})`;
    found.set(unique, row);
  }
  return found;
}

function compareRow(section, key, now, earlier, { metric, field, spread, moreIsBetter = false, show }) {
  if (!isNumber(now[field]) || !isNumber(earlier[field]) || earlier[field] === 0) return [];
  const ratio = now[field] / earlier[field];
  const margin = spread ? Math.max(spreadOf(now, spread), spreadOf(earlier, spread)) : assumedSpread;
  // Symmetric in the two results.
  const changed = Math.max(ratio, 1 / ratio) > 1 + margin;
  return [
    {
      section,
      key,
      metric,
      earlier: earlier[field],
      now: now[field],
      earlierText: show(earlier[field]),
      nowText: show(now[field]),
      ratio,
      margin,
      changed,
      better: changed ? (moreIsBetter ? ratio > 1 : ratio < 1) : null,
      noisy: Boolean(now.noisy || earlier.noisy),
    },
  ];
}

function differences(now, earlier) {
  const warnings = [];
  const compare = (what, a, b) => {
    if (text(a) !== text(b)) warnings.push(`${what} differs: ${text(b)} then, ${text(a)} now`);
  };
  for (const name of ['cpu', 'cores', 'isa', 'os', 'kernel'])
    compare(`machine: ${name}`, now?.machine?.[name], earlier?.machine?.[name]);
  compare(
    'machine: memory',
    format.gibibytes(now?.machine?.memoryBytes),
    format.gibibytes(earlier?.machine?.memoryBytes),
  );
  const names = [...new Set([...Object.keys(now?.versions ?? {}), ...Object.keys(earlier?.versions ?? {})])];
  for (const name of names) compare(`version of ${name}`, now?.versions?.[name], earlier?.versions?.[name]);
  compare('quick', Boolean(now?.quick), Boolean(earlier?.quick));
  return warnings;
}

/** {dates, warnings, rows, onlyNow, onlyEarlier}. */
function comparisonOf(now, earlier) {
  /** @type {{dates: {now: string, earlier: string}, warnings: string[], rows: any[], onlyNow: any[], onlyEarlier: any[]}} */
  const comparison = {
    dates: { now: date(now?.date), earlier: date(earlier?.date) },
    warnings: differences(now, earlier),
    rows: [],
    onlyNow: [],
    onlyEarlier: [],
  };
  for (const name of Object.keys(metrics)) {
    const [a, b] = [now, earlier].map((result) => section(result, name));
    const [rowsNow, rowsEarlier] = [byKey(a.rows, name), byKey(b.rows, name)];
    const [skippedNow, skippedEarlier] = [byKey(a.skipped, name), byKey(b.skipped, name)];
    const missingOn = (side, sectionReason, key) => {
      const reason = side.get(key)?.skipped ?? sectionReason;
      return { section: name, key, reason: reason ? inOneLine(reason) : null };
    };
    for (const [key, row] of rowsNow) {
      const before = rowsEarlier.get(key);
      if (!before) {
        comparison.onlyNow.push(missingOn(skippedEarlier, b.reason, key));
        continue;
      }
      if (name === 'pipelines' && text(row.settings) !== text(before.settings))
        comparison.warnings.push(`settings of ${key} differ: ${text(before.settings)} then, ${text(row.settings)} now`);
      for (const metric of metrics[name]) comparison.rows.push(...compareRow(name, key, row, before, metric));
    }
    for (const key of rowsEarlier.keys())
      if (!rowsNow.has(key)) comparison.onlyEarlier.push(missingOn(skippedNow, a.reason, key));
  }
  return comparison;
}

/** Verdict on a row: `better`, `WORSE` or `same` (within both spreads), with a mark for noise. */
export function verdict({ changed, better, noisy }) {
  const verdict = changed ? (better ? 'better' : 'WORSE') : 'same';
  return noisy ? `${verdict}, noisy` : verdict;
}

/** The comparison as a table of table.mjs. */
export function againstTable(comparison, rows = comparison.rows) {
  return {
    title: `Now (${comparison.dates.now}) against ${comparison.dates.earlier}`,
    head: ['section', 'what', 'measure', 'earlier', 'now', 'now / earlier', 'counts from', 'notes'],
    left: 3,
    rows: rows.map((row) => [
      row.section,
      row.key,
      row.metric,
      row.earlierText,
      row.nowText,
      times(row.ratio),
      percent(row.margin),
      verdict(row),
    ]),
    reason: rows.length ? null : 'no row is in both',
    note: `A change counts when it is larger than both spreads; where none is known, from ${percent(assumedSpread)} on.`,
  };
}

const oneSided = (title, entries) =>
  entries.length === 0
    ? ''
    : `${title}:\n${entries.map(({ section, key, reason }) => `- ${section}: ${key}${reason ? ` (other side: ${reason})` : ''}\n`).join('')}\n`;

function write(comparison, table) {
  const warnings = comparison.warnings.length
    ? `Compare with care:\n${comparison.warnings.map((line) => `- ${line}\n`).join('')}\n`
    : '';
  const count = (better) => comparison.rows.filter((row) => row.changed && row.better === better).length;
  const same = comparison.rows.filter((row) => !row.changed).length;
  return (
    `${warnings}${table}\n${oneSided('Only now', comparison.onlyNow)}${oneSided('Only earlier', comparison.onlyEarlier)}` +
    `${count(true)} better, ${count(false)} worse, ${same} the same.\n`
  );
}

/** The comparison for the terminal. */
export const againstText = (comparison) => write(comparison, asText(againstTable(comparison)));

/** A result against an earlier one: {dates, warnings, rows, onlyNow, onlyEarlier} and the same as `text`. */
export function compare(now, earlier) {
  const comparison = comparisonOf(now, earlier);
  return { ...comparison, text: againstText(comparison) };
}

/** The comparison in Markdown. */
export const againstMarkdown = (comparison) => write(comparison, asMarkdown(againstTable(comparison)));
