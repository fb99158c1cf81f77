// Kernels: one row a kernel, one dot an instruction set, on the scale of a memory copy's time.
import { gbPerSecond, isNumber, joined, ms, text, times } from '../format.mjs';
import { chart, legend, safe } from './html.mjs';
import { axis, logarithmic } from './scale.mjs';

const known = ['scalar', 'baseline', 'avx2', 'avx512'];

/** The instruction sets of the rows, from the plainest on. */
function instructionSets(rows) {
  const rank = (isa) => (known.includes(isa) ? known.indexOf(isa) : known.length);
  return [...new Set(rows.map(({ isa }) => text(isa)))].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = `${text(row.name)} ${text(row.case)}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()];
}

export function kernelDots(rows) {
  const sets = instructionSets(rows);
  const scale = logarithmic([1, 2, ...rows.map(({ copyRatio }) => copyRatio)]);
  const toneOf = (isa) => `isa${sets.indexOf(text(isa)) % 6}`;
  const drawn = grouped(rows).map((group) => {
    const placed = group.filter(({ copyRatio }) => isNumber(copyRatio) && copyRatio > 0);
    const at = placed.map(({ copyRatio }) => scale.at(copyRatio));
    const [left, right] = at.length ? [Math.min(...at), Math.max(...at)] : [0, 0];
    const dots = placed
      .map(
        (row, i) =>
          `<i class="dot ${toneOf(row.isa)}" style="left:${at[i]}%" title="${safe(joined([text(row.isa), ms(row.ms), times(row.copyRatio)]))}"></i>`,
      )
      .join('');
    const best = group.filter(({ ms: time }) => isNumber(time)).sort((a, b) => a.ms - b.ms)[0];
    const label = best ? joined([text(best.isa), ms(best.ms), gbPerSecond(best.gbPerSecond)], ' · ') : 'not measured';
    const { name, case: what } = group[0];
    return (
      `<div class="row"><span class="label">${safe(name)}<small>${what ? safe(what) : ''}</small></span>` +
      `<span class="track range"><i class="mark" style="left:${scale.at(1)}%"></i>` +
      `<i class="line plain" style="left:${left}%;width:${Number((right - left).toFixed(3))}%"></i>${dots}</span>` +
      `<span class="value">${safe(label)}</span></div>`
    );
  });
  const ticks = scale.ticks.map(({ at, label }) => ({ at, label: `${label}×` }));
  return chart(
    'Time of every kernel over that of a memory copy of the same bytes',
    'further left is better; the line at 1× is the copy; logarithmic',
    `<div class="rows wide-labels wide-values">${drawn.join('')}${axis(ticks, '')}</div>`,
    legend(sets.map((isa) => [toneOf(isa), isa])),
  );
}
