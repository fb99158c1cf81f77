// A pipeline: its contenders side by side, then framepath from inside.
import { count, isNumber, megabytes, missing, ms, number, percent, reason, text, times } from '../format.mjs';
import { isOurs, list, pipelineGroups, section } from '../result.mjs';
import { startLine, waits } from '../table.mjs';
import { bars } from './bars.mjs';
import { badge, details, htmlTable, legend, notRun, part, safe } from './html.mjs';
import { waitAgainstService } from './ranges.mjs';

const cpuPerFrame = (value) => ms(value); // CPU seconds per 1000 frames are CPU milliseconds per frame

function contenderBars(contenders) {
  const of = (field, show, spread) =>
    contenders.map((row) => ({
      label: text(row.contender),
      value: row.skipped ? null : row[field],
      show,
      spread: spread ? row[spread] : null,
      tone: isOurs(row.contender) ? 'ours' : 'theirs',
      reason: row.skipped ? 'skipped' : 'not measured',
    }));
  return (
    bars({
      title: 'Frames per second',
      better: 'higher is better',
      rows: of('fps', (v) => `${number(v)} fps`, 'fpsSpread'),
    }) +
    bars({ title: 'CPU per frame', better: 'lower is better', rows: of('cpuSecondsPer1000', cpuPerFrame) }) +
    bars({ title: 'Peak memory (RSS)', better: 'lower is better', rows: of('peakRssBytes', megabytes) })
  );
}

const agreementWords = (agreement) =>
  agreement
    ? `${percent(agreement.recallOfOurs)} / ${percent(agreement.recallOfTheirs)}, ${number(agreement.detectionsPerFrame)} per frame`
    : missing;

function contenderTable(contenders) {
  const rows = contenders
    .filter((row) => !row.skipped)
    .map((row) => [
      text(row.contender),
      text(row.settings),
      count(row.trials),
      isNumber(row.eventLoopDelayMs?.p50) || isNumber(row.eventLoopDelayMs?.p99)
        ? `${number(row.eventLoopDelayMs.p50)} / ${number(row.eventLoopDelayMs.p99)} ms`
        : missing,
      ms(row.firstResultMs),
      percent(row.utilisation),
      percent(row.efficiency),
      agreementWords(row.agreement),
    ]);
  return htmlTable({
    head: [
      'contender',
      'settings',
      'trials',
      'loop delay p50 / p99',
      'first result',
      'utilisation',
      'efficiency',
      'boxes found: of ours / of theirs',
    ],
    left: 2,
    rows,
    reason: rows.length ? null : 'no contender ran',
  });
}

function inflationBars(row) {
  const inflation = list(row.inflation);
  if (inflation.length === 0) return '';
  const rows = inflation.flatMap(({ stage, aloneMs, insideMs, ratio }) => [
    {
      label: text(stage),
      detail: isNumber(ratio) ? `${times(ratio)} inside` : '',
      value: aloneMs,
      show: ms,
      tone: 'theirs',
      group: true,
    },
    { label: '\u00a0', value: insideMs, show: ms, tone: 'ours', second: true },
  ]);
  return bars({
    title: 'CPU per frame of every stage, alone and inside the pipeline',
    better: 'lower is better; inside near alone is best',
    rows,
    legend: legend([
      ['theirs', 'alone'],
      ['ours', 'inside'],
    ]),
  });
}

function busyBars(stages) {
  return bars({
    title: 'Busy share of every stage',
    better: 'over its workers; the one nearest 100 % is the bottleneck',
    max: 1,
    rows: stages.map(({ name, workers, busy }) => ({
      label: text(name),
      detail: isNumber(workers) && workers > 1 ? `${workers} workers` : '',
      value: busy,
      show: percent,
      tone: 'ours',
    })),
  });
}

function inside(row) {
  const stages = list(row.stages);
  if (stages.length === 0) return inflationBars(row);
  return (
    `<div class="two">${inflationBars(row)}${busyBars(stages)}</div>${waitAgainstService(stages)}` +
    details('All times of these stages', htmlTable(waits(row)))
  );
}

function remarks(contenders) {
  const lines = contenders.flatMap((row) => {
    const notes = Array.isArray(row.notes) ? row.notes : [];
    const remarks = [row.skipped ? `skipped: ${reason(row.skipped)}` : '', ...notes.map(text)].filter(Boolean);
    const mark = row.noisy ? `${badge('noisy', 'warn')} ` : '';
    return remarks.length || mark
      ? [`<li><b>${safe(row.contender)}</b> ${mark}${remarks.length ? safe(remarks.join('; ')) : ''}</li>`]
      : [];
  });
  return lines.length ? `<ul class="remarks">${lines.join('')}</ul>` : '';
}

function group({ name, title, contenders }) {
  const [first, ...others] = contenders.filter(
    (row) => !row.skipped && (list(row.stages).length || list(row.inflation).length),
  );
  const heading = title ? `<span class="letter">${safe(name)}</span>${safe(title)}` : safe(name);
  const insides = first
    ? `<h4>Inside ${safe(first.contender)}</h4>${inside(first)}${others.map((row) => details(`Inside ${text(row.contender)}`, inside(row))).join('')}`
    : '';
  return (
    `<article><h3>${heading}</h3><div class="three">${contenderBars(contenders)}</div>` +
    `${remarks(contenders)}${contenderTable(contenders)}${insides}</article>`
  );
}

export function pipelinesPart(result) {
  const groups = pipelineGroups(result);
  const content = groups.length ? groups.map(group).join('') : notRun(section(result, 'pipelines').reason);
  const lead =
    'Every trial in a fresh process, contenders in turn, medians. ± is half of (max − min) / median over the trials.';
  return part('pipelines', 'Pipelines', groups.length ? `${lead} ${startLine(result ?? {})}` : '', content);
}
