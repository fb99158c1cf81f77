// Scaling: a small SVG curve, its points with their numbers.
import { count, isNumber, number, text } from '../format.mjs';
import { chart, notRun, safe } from './html.mjs';
import { linear } from './scale.mjs';

const box = { width: 400, height: 230, left: 44, right: 18, top: 22, bottom: 40 };

/** What a unit wants: more of it, or less. */
function betterFor(unit) {
  if (/fps|\/s|per second|frames/i.test(unit)) return 'higher is better';
  if (/^(ms|s|us|µs|MB|GB|bytes|%)\b|ms|CPU/i.test(unit)) return 'lower is better';
  return '';
}

/** Label of the horizontal axis: from 'sources -> fps', or the row's `xLabel`. */
const horizontal = ({ name, xLabel }) => xLabel ?? /^(.*?)\s*(?:->|→)/.exec(text(name))?.[1] ?? '';

/** The first and the last point keep off the edges, so that their numbers have room. */
const inset = 22;

const round = (value) => Number(value.toFixed(1));

export function curve(row) {
  const points = (Array.isArray(row.x) ? row.x : [])
    .map((x, i) => ({ x, y: row.y?.[i] }))
    .filter(({ x, y }) => isNumber(x) && isNumber(y))
    .sort((a, b) => a.x - b.x);
  const title = text(row.name).replaceAll('->', '→');
  if (points.length === 0) return chart(title, '', notRun('no points'));
  const unit = row.unit ? safe(row.unit) : '';
  const vertical = linear(points.map(({ y }) => y));
  const xs = points.map(({ x }) => x);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const inner = { width: box.width - box.left - box.right, height: box.height - box.top - box.bottom };
  const doubling = low > 0 && high / low >= 8;
  const along = (x) =>
    doubling ? Math.log(x / low) / Math.log(high / low) : high > low ? (x - low) / (high - low) : 0.5;
  const left = (x) => round(box.left + inset + along(x) * (inner.width - 2 * inset));
  const top = (y) => round(box.top + inner.height * (1 - vertical.at(y) / 100));
  const bottom = box.top + inner.height;
  const lines = vertical.ticks
    .map(({ label }, i) => {
      const y = top((vertical.max / 2) * i);
      return `<line class="grid" x1="${box.left}" x2="${box.width - box.right}" y1="${y}" y2="${y}"/><text class="tick" x="${box.left - 7}" y="${y + 4}" text-anchor="end">${label}</text>`;
    })
    .join('');
  let written = -Infinity;
  const roomFor = (x) => {
    if (left(x) - written < 34) return false;
    written = left(x);
    return true;
  };
  const dots = points
    .map(({ x, y }) => {
      const label = roomFor(x)
        ? `<text class="number" x="${left(x)}" y="${round(top(y) - 9)}" text-anchor="middle">${number(y)}</text>` +
          `<text class="tick" x="${left(x)}" y="${bottom + 16}" text-anchor="middle">${count(x)}</text>`
        : '';
      const caption = `<title>${count(x)}: ${number(y)} ${unit}</title>`;
      return `<circle cx="${left(x)}" cy="${top(y)}" r="4">${caption}</circle>${label}`;
    })
    .join('');
  const path = points.map(({ x, y }, i) => `${i ? 'L' : 'M'}${left(x)} ${top(y)}`).join('');
  const label = `<text class="axis-name" x="${box.left + inner.width / 2}" y="${box.height - 6}" text-anchor="middle">${safe(horizontal(row) || 'step')}${doubling ? ', logarithmic' : ''}</text>`;
  const svg =
    `<svg class="curve" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${safe(title)}">${lines}` +
    `<text class="axis-name" x="4" y="11">${unit}</text><path d="${path}"/>${dots}${label}</svg>`;
  return chart(title, betterFor(text(row.unit)), svg);
}
