// The other parts of the page: time lines, scaling, stages alone, kernels, and the comparison with an earlier result.

import { againstTable, compare } from '../against.mjs';
import { ms, text } from '../format.mjs';
import { section } from '../result.mjs';
import { tableOf } from '../table.mjs';
import { bars } from './bars.mjs';
import { curve } from './curves.mjs';
import { kernelDots } from './dots.mjs';
import { details, htmlTable, notRun, part, safe } from './html.mjs';
import { timeline } from './timeline.mjs';

function drawn(result, name, title, lead, draw) {
  const { rows, reason } = section(result, name);
  return part(name, title, reason ? '' : lead, reason ? notRun(reason) : draw(rows));
}

export const timelinesPart = (result) =>
  drawn(
    result,
    'timelines',
    'Time lines',
    'A stretch of one traced run: who worked on which frame, and when.',
    (rows) => rows.map(timeline).join(''),
  );

export const scalingPart = (result) =>
  drawn(result, 'scaling', 'Scaling', '', (rows) => `<div class="three">${rows.map(curve).join('')}</div>`);

export const stagesPart = (result) =>
  drawn(result, 'stages', 'Stages alone', 'Each stage by itself, nothing else of framepath running.', (rows) => {
    const units = [...new Set(rows.map(({ unit }) => text(unit)))];
    const charts = units.map((unit) =>
      bars({
        title: `CPU per ${unit}`,
        better: 'lower is better',
        rows: rows
          .filter((row) => text(row.unit) === unit)
          .map((row) => ({
            label: text(row.stage),
            detail: `${row.case ? text(row.case) : ''}${row.noisy ? ' (noisy)' : ''}`,
            value: row.cpuMs,
            show: ms,
            spread: row.spread,
            tone: 'ours',
          })),
      }),
    );
    return `<div class="two">${charts.join('')}</div>${details('All stages as a table', htmlTable(tableOf.stages(result)))}`;
  });

export const kernelsPart = (result) =>
  drawn(
    result,
    'kernels',
    'Kernels',
    '',
    (rows) =>
      kernelDots(rows) +
      details('All kernels as a table', htmlTable(tableOf.kernels(result))) +
      details(tableOf.rivals(result).title, htmlTable(tableOf.rivals(result))),
  );

export const optionsPart = (result) =>
  part('options', 'Options that trade something', '', htmlTable(tableOf.options(result)));

function oneSided(title, entries) {
  if (entries.length === 0) return '';
  const lines = entries.map(({ section: name, key, reason }) => {
    return `<li>${safe(name)}: ${safe(key)}${reason ? ` <small>(other side: ${safe(reason)})</small>` : ''}</li>`;
  });
  return details(`${title}: ${entries.length}`, `<ul>${lines.join('')}</ul>`);
}

/** The comparison's table with its last column as badges. */
function comparisonTable(comparison, rows) {
  const table = againstTable(comparison, rows);
  const tone = ({ changed, better }) => (changed ? (better ? 'good' : 'bad') : 'plain');
  table.rows = table.rows.map((row, i) => [...row.slice(0, -1), { badge: row.at(-1), tone: tone(rows[i]) }]);
  return htmlTable(table);
}

/** Now against an earlier result: first what changed, the rest folded away. */
export function againstPart(result, earlier) {
  const comparison = compare(result, earlier);
  const changed = comparison.rows.filter((row) => row.changed);
  const warnings = comparison.warnings.map((line) => `<li>${safe(line)}</li>`).join('');
  const table = changed.length
    ? comparisonTable(comparison, changed)
    : '<p>Nothing changed by more than both spreads.</p>';
  const content =
    (warnings ? `<div class="warning"><b>Compare with care</b><ul>${warnings}</ul></div>` : '') +
    table +
    details(`All ${comparison.rows.length} figures`, comparisonTable(comparison, comparison.rows)) +
    oneSided('Only now', comparison.onlyNow) +
    oneSided('Only earlier', comparison.onlyEarlier);
  return part('against', `Against ${comparison.dates.earlier}`, againstTable(comparison).note, content);
}
