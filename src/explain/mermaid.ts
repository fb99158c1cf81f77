/** A drawing in Mermaid, which GitHub and others render in Markdown. */
import type { Drawing } from './drawing.js';

/** Escapes characters that would end a label or be read as HTML. */
const escaped = (text: string): string => text.replace(/["#<>&]/g, (character) => `#${character.codePointAt(0)};`);

export function mermaidOf({ boxes, arrows }: Drawing): string {
  const number = new Map(boxes.map(({ id }, i) => [id, `b${i}`]));
  const nodes = boxes.map(
    ({ id, title, lines }) => `  ${number.get(id)}["${[title, ...lines].map(escaped).join('<br>')}"]\n`,
  );
  const edges = arrows.map(
    ({ from, to, pixels }) => `  ${number.get(from)} ${pixels ? '==>' : '-.->'} ${number.get(to)}\n`,
  );
  return `flowchart LR\n${nodes.join('')}${edges.join('')}`;
}
