// Percentiles as ranges on one logarithmic scale: what a stage's tasks wait, and what serving them takes.
import { isNumber, number } from '../format.mjs';
import { list } from '../result.mjs';
import { chart, legend, safe } from './html.mjs';
import { axis, logarithmic } from './scale.mjs';

const percentiles = ['p50', 'p95', 'p99'];

function range(scale, times, tone) {
  const known = percentiles.filter((name) => isNumber(times?.[name]));
  if (known.length === 0) return '';
  const at = known.map((name) => scale.at(times[name]));
  const [left, right] = [Math.min(...at), Math.max(...at)];
  const dots = known.map((name, i) => `<i class="dot ${name} ${tone}" style="left:${at[i]}%"></i>`).join('');
  const line = `<i class="line ${tone}" style="left:${left}%;width:${Number((right - left).toFixed(3))}%"></i>`;
  return `${line}${dots}`;
}

const rangeText = (times) =>
  percentiles.some((name) => isNumber(times?.[name]))
    ? `${percentiles.map((name) => number(times?.[name])).join(' / ')} ms`
    : 'not measured';

/** Two lines a stage: waiting above, service below. */
export function waitAgainstService(rows) {
  const stages = list(rows);
  const scale = logarithmic(
    stages.flatMap(({ waitMs, serviceMs }) => percentiles.flatMap((name) => [waitMs?.[name], serviceMs?.[name]])),
  );
  const grid = scale.ticks.map(({ at }) => `<i class="grid" style="left:${at}%"></i>`).join('');
  const line = (label, times, tone) =>
    `<div class="row ${tone}-row"><span class="label">${label}</span><span class="track range">${grid}${range(scale, times, tone)}</span>` +
    `<span class="value">${rangeText(times)}</span></div>`;
  const drawn = stages.map(
    ({ name, waitMs, serviceMs }) =>
      line(safe(name), waitMs, 'wait') + line('<span class="visually-hidden">service</span>', serviceMs, 'service'),
  );
  return chart(
    'Waiting and service time of every stage, p50 / p95 / p99',
    'lower is better; logarithmic',
    `<div class="rows wide-values">${drawn.join('')}${axis(scale.ticks, 'ms')}</div>`,
    legend([
      ['wait', 'waiting for a worker'],
      ['service', 'being worked on'],
    ]),
  );
}
