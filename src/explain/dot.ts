/** A drawing in the language of Graphviz. */
import type { Drawing } from './drawing.js';

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

export function dotOf({ boxes, arrows }: Drawing): string {
  const nodes = boxes.map(({ id, kind, title, lines }) => {
    const label = [title, ...lines].map((line) => line.replace(/["\\]/g, '\\$&')).join('\\n');
    return `  ${quoted(id)} [label="${label}"${kind === 'module' ? '' : ', style="rounded,filled", fillcolor="#eeeeee"'}];\n`;
  });
  const edges = arrows.map(
    ({ from, to, pixels }) => `  ${quoted(from)} -> ${quoted(to)}${pixels ? ' [penwidth=2]' : ''};\n`,
  );
  return `digraph framepath {\n  rankdir=LR;\n  node [shape=box, fontname="sans-serif"];\n${nodes.join('')}${edges.join('')}}\n`;
}
