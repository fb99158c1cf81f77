// Axes: from values to places in percent.
import { count, isNumber, number } from '../format.mjs';

const places = (value) => Number(value.toFixed(3));

/** The smallest round number that is not below `value`. */
export function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8].find((step) => step * power >= value * 0.999999) ?? 10) * power;
}

/** From zero on, evenly. */
export function linear(values, max = niceCeiling(Math.max(0, ...values.filter(isNumber)))) {
  const at = (value) => places((Math.min(Math.max(value, 0), max) / max) * 100);
  const ticks = [0, max / 2, max].map((value) => ({ at: at(value), label: count(value) }));
  return { at, ticks, max };
}

/** Powers of ten around the two; when they are near each other also 2 and 5 times those. */
function logSteps(smallest, largest) {
  const [low, high] = [Math.floor(Math.log10(smallest)), Math.ceil(Math.log10(largest)) + 1];
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return largest / smallest > 100 ? decades : decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]);
}

/** Whole decades (or 1-2-5 steps when there are few) around the values above zero. */
export function logarithmic(values) {
  const positive = values.filter((value) => isNumber(value) && value > 0);
  const [smallest, largest] = positive.length ? [Math.min(...positive), Math.max(...positive)] : [1, 10];
  const steps = logSteps(smallest, largest);
  const from = steps.findLast((step) => step <= smallest) ?? steps[0];
  const to = steps.find((step) => step >= largest && step > from) ?? steps.at(-1);
  const span = Math.log10(to / from);
  const at = (value) => places((Math.log10(Math.min(Math.max(value, from), to) / from) / span) * 100);
  const ticks = steps
    .filter((step) => step >= from && step <= to)
    .map((step) => ({
      at: at(step),
      label: number(step)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, ''),
    }));
  return { at, ticks, from, to };
}

/** The numbers below a chart made of rows; the unit stands at the end. */
export function axis(ticks, unit, cells = 1) {
  const marks = ticks
    .map(
      ({ at, label }) =>
        `<span class="at${at < 1 ? ' first' : at > 99 ? ' last' : ''}" style="left:${at}%">${label}</span>`,
    )
    .join('');
  return `<div class="row axis"><span class="label">${unit}</span><span class="track">${marks}</span>${'<span class="value"></span>'.repeat(cells)}</div>`;
}
