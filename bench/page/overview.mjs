// The top of the page: machine, date, the run in a few figures; below it targets, ratios, noise, what was skipped.
import { date, reason as inOneLine, isNumber, percent, text, times } from '../format.mjs';
import { describe, section, skippedParts } from '../result.mjs';
import { metWord, noiseLine, tableOf, targetText } from '../table.mjs';
import { ratioBars } from './bars.mjs';
import { badge, htmlTable, notRun, part, safe } from './html.mjs';

/** Above this share the others had, a reader should doubt the figures. */
const loudShare = 0.1;

export const isLoud = (result) => isNumber(result?.noise?.othersCpu) && result.noise.othersCpu > loudShare;

const figure = (value, label, tone = '') =>
  `<div class="figure ${tone}"><strong>${safe(value)}</strong><span>${safe(label)}</span></div>`;

function figures(result) {
  const { rows: targets } = section(result, 'targets');
  const judged = targets.filter(({ met }) => typeof met === 'boolean');
  const met = judged.filter((target) => target.met).length;
  const { rows: ratios } = section(result, 'ratios');
  const compared = ratios.filter(({ fps }) => isNumber(fps)).slice(0, 3);
  const noise = result?.noise?.othersCpu;
  const all = [
    judged.length
      ? figure(`${met} of ${judged.length}`, 'targets met', met === judged.length ? 'good' : 'bad')
      : figure('–', 'no target was judged'),
    ...compared.map(({ fps, pipeline, against }) =>
      figure(times(fps), `fps of ${text(against)}, pipeline ${text(pipeline)}`, fps >= 1 ? 'good' : 'bad'),
    ),
    figure(percent(noise), 'of the machine went to other programs', isLoud(result) ? 'warn' : ''),
  ];
  return `<div class="figures">${all.join('')}</div>`;
}

export function header(result, parts) {
  const { machine, system, versions } = describe(result);
  const marks = [result?.quick ? badge('quick run', 'warn') : '', isLoud(result) ? badge('noisy machine', 'warn') : ''];
  const line = (name, value) => `<div><dt>${name}</dt><dd>${safe(value)}</dd></div>`;
  const links = parts.map(({ id, title }) => `<a href="#${id}">${safe(title)}</a>`).join('');
  return (
    `<header><div class="top"><h1>framepath <span>bench</span></h1><p class="when">${safe(date(result?.date))} ${marks.join(' ')}</p></div>` +
    `<dl>${line('Machine', machine)}${line('System', system)}${line('Versions', versions)}</dl>${figures(result)}` +
    `<nav aria-label="Parts">${links}</nav></header>`
  );
}

export function targetsPart(result) {
  const { rows, skipped, reason } = section(result, 'targets');
  const title = 'Targets';
  if (reason) return part('targets', title, '', notRun(reason));
  const lines = [...rows, ...skipped].map((target) => {
    const tone = target.skipped ? 'plain' : target.met === true ? 'good' : target.met === false ? 'bad' : 'plain';
    const word = target.skipped ? 'skipped' : tone === 'good' ? 'met' : tone === 'bad' ? 'missed' : metWord(target);
    const value = target.skipped ? inOneLine(target.skipped) : targetText(target.value, target.unit);
    return `<tr><td>${safe(target.name)}</td><td class="n">${safe(targetText(target.target, target.unit))}</td><td class="n">${safe(value)}</td><td>${badge(word, tone)}</td></tr>`;
  });
  const table = `<div class="scroll"><table><thead><tr><th>Target</th><th class="n">Wanted</th><th class="n">Measured</th><th>Met</th></tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
  return part('targets', title, '', table);
}

export function ratiosPart(result) {
  const { rows, skipped, reason } = section(result, 'ratios');
  const title = 'Against the others';
  if (reason) return part('ratios', title, '', notRun(reason));
  const of = (field) =>
    [...rows, ...skipped].map((row) => ({
      label: `${text(row.pipeline)}: ${text(row.against)}`,
      value: row[field],
      show: times,
      reason: row.skipped ? inOneLine(row.skipped) : undefined,
    }));
  const charts =
    ratioBars({
      title: 'Speed, framepath over the other',
      better: 'above 1× framepath is faster',
      rows: of('fps'),
      moreIsBetter: true,
    }) +
    ratioBars({
      title: 'CPU per frame, framepath over the other',
      better: 'below 1× framepath takes less',
      rows: of('cpu'),
      moreIsBetter: false,
    });
  return part('ratios', title, 'Medians of the same rounds, contenders in turn.', `<div class="two">${charts}</div>`);
}

export function skippedPart(result) {
  const rows = skippedParts(result);
  return part(
    'skipped',
    'Skipped',
    '',
    rows.length ? htmlTable(tableOf.skipped(result)) : '<p>Nothing was skipped.</p>',
  );
}

export function noisePart(result) {
  const advice = isLoud(result) ? ' That is a lot: trust ratios from one run, not absolute figures.' : '';
  return part('noise', 'Noise', '', `<p>${safe(noiseLine(result ?? {}) + advice)}</p>`);
}
