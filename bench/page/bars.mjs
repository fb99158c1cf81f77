// Rows of bars: a label, a bar, its number with its unit. HTML rather than SVG, so that text keeps its size on a phone.
import { isNumber, plusMinus } from '../format.mjs';
import { chart, safe } from './html.mjs';
import { axis, linear, logarithmic } from './scale.mjs';

const place = (left, right) => `left:${left}%;width:${Number(Math.max(right - left, 0).toFixed(3))}%`;

function whisker(scale, value, spread) {
  if (!isNumber(spread) || spread <= 0) return '';
  return `<i class="whisker" style="${place(scale.at(value * (1 - spread / 2)), scale.at(value * (1 + spread / 2)))}"></i>`;
}

function bar(scale, { label, value, show, tone, spread, detail, reason, group, second }) {
  const name = `<span class="label">${safe(label)}${detail ? `<small>${safe(detail)}</small>` : ''}</span>`;
  const klass = `row${group ? ' group' : ''}${second ? ' second' : ''}`;
  if (!isNumber(value))
    return `<div class="${klass} absent">${name}<span class="why">${safe(reason ?? 'not measured')}</span></div>`;
  const fill = `<i class="fill ${tone ?? 'theirs'}" style="${place(0, scale.at(value))}"></i>`;
  const spreadWord = plusMinus(spread);
  return (
    `<div class="${klass}">${name}<span class="track">${fill}${whisker(scale, value, spread)}</span>` +
    `<span class="value">${safe(show(value))}${spreadWord ? ` <small>${spreadWord}</small>` : ''}</span></div>`
  );
}

/** Bars from zero. A row is {label, value, show, tone, spread, detail, reason}; `max` fixes the end of the scale. */
export function bars({ title, better, rows, max, legend }) {
  const tops = rows.map(({ value, spread }) => (isNumber(value) ? value * (1 + (spread ?? 0) / 2) : 0));
  const scale = linear([], max ?? (Math.max(0, ...tops) || 1));
  return chart(title, better, `<div class="rows">${rows.map((row) => bar(scale, row)).join('')}</div>`, legend);
}

/** Ratios around 1×, on a logarithmic scale: the bar starts at 1× and goes to the better or the worse side. */
export function ratioBars({ title, better, rows, moreIsBetter }) {
  const scale = logarithmic([0.5, 2, ...rows.map(({ value }) => value)]);
  const drawn = rows.map(({ label, value, show, reason }) => {
    if (!isNumber(value) || value <= 0) return bar(scale, { label, value: null, reason });
    const [from, to] = [scale.at(Math.min(1, value)), scale.at(Math.max(1, value))];
    const good = value === 1 ? 'theirs' : value > 1 === moreIsBetter ? 'good' : 'bad';
    return (
      `<div class="row"><span class="label">${safe(label)}</span><span class="track">` +
      `<i class="fill both ${good}" style="${place(from, to)}"></i><i class="mark" style="left:${scale.at(1)}%"></i></span>` +
      `<span class="value">${safe(show(value))}</span></div>`
    );
  });
  const ticks = scale.ticks.map(({ at, label }) => ({ at, label: `${label}×` }));
  return chart(title, better, `<div class="rows">${drawn.join('')}${axis(ticks, '')}</div>`);
}
