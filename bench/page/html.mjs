// Small elements of HTML. Every value of a result passes through `safe`.
import { text } from '../format.mjs';
import { withoutEmptyColumns } from '../table.mjs';

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const safe = (value) => text(value).replace(/[&<>"']/g, (sign) => entities[sign]);

export const badge = (word, tone) => `<span class="badge ${tone}">${safe(word)}</span>`;

/** A part of the page: a heading, a sentence on how to read it, its content. */
export const part = (id, title, lead, content) =>
  `<section id="${id}"><h2>${safe(title)}</h2>${lead ? `<p class="lead">${safe(lead)}</p>` : ''}${content}</section>`;

/** What stands where something did not run. */
export const notRun = (reason) => `<p class="not-run">Not measured: ${safe(reason)}</p>`;

/** A chart: a title, what is better, a legend where there are colours, the drawing. */
export function chart(title, better, drawing, legend = '') {
  const hint = better ? `<span class="hint">${safe(better)}</span>` : '';
  return `<figure class="chart"><figcaption><b>${safe(title)}</b>${hint}</figcaption>${legend}${drawing}</figure>`;
}

/** Colours and what they stand for: [[class, word]]. */
export const legend = (entries) =>
  `<div class="legend">${entries.map(([tone, word]) => `<span><i class="key ${tone}"></i>${safe(word)}</span>`).join('')}</div>`;

/** A word of a table, or {badge, tone}. */
const cell = (word) => (word?.badge ? badge(word.badge, word.tone) : safe(word));

/** A table of table.mjs; a cell may be a badge. */
export function htmlTable(table) {
  if (table.reason) return notRun(table.reason);
  const { head, rows, isWord } = withoutEmptyColumns(table);
  const line = (tag, row) =>
    `<tr>${row.map((word, column) => `<${tag}${isWord[column] ? '' : ' class="n"'}>${cell(word)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => line('td', row)).join('');
  const wide = head.length > 5 ? ' class="wide"' : '';
  return `<div class="scroll"><table${wide}><thead>${line('th', head)}</thead><tbody>${body}</tbody></table></div>`;
}

export const details = (title, content) => `<details><summary>${safe(title)}</summary>${content}</details>`;
