// The time line of lanes: one row a worker, spans coloured by source. Zooming only moves the view box (client.js).
import { isNumber, ms, text } from '../format.mjs';
import { list } from '../result.mjs';
import { chart, legend, notRun, safe } from './html.mjs';

const rowHeight = 24;
const colours = 7;
/** Below this share of the whole a span is a line in its colour; client.js decides again by pixels. */
const thinShare = 0.01;
const round = (value) => Number(value.toFixed(3));

const inOrder = (a, b) => String(a).localeCompare(String(b), 'en', { numeric: true });

/** Which worker of its lane: a trace names its threads `faces`, `faces 2`, ... */
const workerWord = (lane, worker) =>
  typeof worker === 'string' && worker.startsWith(lane) ? worker.slice(lane.length).trim() || '1' : text(worker);

/** The rows: lanes in the order they first start in, their workers in theirs. */
function workerRows(spans) {
  const lanes = new Map();
  for (const { lane, worker } of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    if (!lanes.has(text(lane))) lanes.set(text(lane), new Set());
    lanes.get(text(lane)).add(workerWord(text(lane), worker ?? 0));
  }
  return [...lanes].flatMap(([lane, workers]) =>
    [...workers].sort(inOrder).map((worker, i) => ({ lane, worker, first: i === 0, several: workers.size > 1 })),
  );
}

/** Composed pictures are of no source. */
const composed = 'composed';
const sourceWord = (source) => (source === '' || source === null || source === undefined ? composed : text(source));

const taskWords = (source, seq) =>
  sourceWord(source) === composed ? `composed picture ${text(seq)}` : `frame ${text(seq)} of source ${text(source)}`;

export function timeline({ pipeline, spans: given }) {
  const spans = list(given).filter(({ startMs, endMs }) => isNumber(startMs) && isNumber(endMs) && endMs >= startMs);
  const title = `Time line of ${text(pipeline)}`;
  if (spans.length === 0) return chart(title, '', notRun('the run left no spans'));
  const origin = Math.min(...spans.map(({ startMs }) => startMs));
  const length = Math.max(...spans.map(({ endMs }) => endMs)) - origin || 1;
  const rows = workerRows(spans);
  const rowOf = new Map(rows.map(({ lane, worker }, i) => [`${lane}#${worker}`, i]));
  const sources = [...new Set(spans.map(({ source }) => sourceWord(source)))].sort(inOrder);
  const coloured = sources.filter((source) => source !== composed);
  const toneOf = (source) =>
    sourceWord(source) === composed ? 's7' : `s${coloured.indexOf(sourceWord(source)) % colours}`;
  const rects = spans.map((span) => {
    const { lane, worker, startMs, endMs, source, seq } = span;
    const name = workerWord(text(lane), worker ?? 0);
    const row = rowOf.get(`${text(lane)}#${name}`);
    const caption =
      `${text(lane)}${rows[row].several ? `, worker ${name}` : ''} · ${taskWords(source, seq)} · ` +
      `from ${ms(startMs - origin)}, took ${ms(endMs - startMs)}`;
    const y = row * rowHeight + 4;
    const narrow = (endMs - startMs) / length < thinShare ? ' thin' : '';
    return `<rect class="${toneOf(source)}${narrow}" x="${round(startMs - origin)}" y="${y}" width="${round(endMs - startMs)}" height="${rowHeight - 8}" data-task="${safe(sourceWord(source))} ${safe(seq)}" data-caption="${safe(caption)}"/>`;
  });
  const height = rows.length * rowHeight;
  const stripes = rows
    .map((_, i) =>
      i % 2 ? '' : `<rect class="stripe" x="0" y="${i * rowHeight}" width="${round(length)}" height="${rowHeight}"/>`,
    )
    .join('');
  const names = rows
    .map(({ lane, worker, first, several }) => {
      const name = first || !several ? safe(lane) : '';
      return `<span title="${safe(lane)}"><b>${name}</b>${several ? `<small>${safe(worker)}</small>` : ''}</span>`;
    })
    .join('');
  const ticks = [0, 1, 2, 3, 4].map((i) => `<span style="left:${i * 25}%">${ms((length * i) / 4)}</span>`).join('');
  const drawing =
    `<div class="timeline" data-length="${round(length)}"><div class="lanes">${names}</div><div class="view" tabindex="0" role="img" aria-label="${safe(title)}">` +
    `<svg viewBox="0 0 ${round(length)} ${height}" height="${height}" preserveAspectRatio="none">${stripes}${rects.join('')}</svg>` +
    `<i class="selection"></i></div><div class="times">${ticks}</div></div>` +
    `<p class="help"><button data-zoom="in" type="button">Zoom in</button> <button data-zoom="out" type="button">Zoom out</button> <button data-zoom="all" type="button">Show all</button>` +
    `<span>Drag over a stretch to zoom in, wheel or pinch to zoom, shift-drag to move, double-click for all. Point at a span to follow its frame.</span></p><p class="caption" aria-live="polite"></p>`;
  return chart(
    title,
    'fewer gaps are better',
    drawing,
    legend(sources.map((source) => [toneOf(source), source === composed ? composed : `source ${source}`])),
  );
}
