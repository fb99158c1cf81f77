/** A drawing in Graphviz' DOT language: `dot -Tsvg graph.dot > graph.svg`. */
import type { Drawing } from './drawing.js';

const fills = { source: '#e8f0fe', module: '#ffffff', output: '#e6f4ea' };

const escaped = (text: string): string => text.replace(/["\\]/g, '\\$&');

export function dotOf({ boxes, arrows }: Drawing): string {
  const nodes = boxes.map(
    ({ id, kind, title, lines }) =>
      `  "${escaped(id)}" [label="${[title, ...lines].map(escaped).join('\\n')}", fillcolor="${fills[kind]}"];\n`,
  );
  const edges = arrows.map(
    ({ from, to, pixels }) => `  "${escaped(from)}" -> "${escaped(to)}" [${pixels ? 'penwidth=2' : 'style=dashed'}];\n`,
  );
  return `digraph framepath {\n  rankdir=LR;\n  node [shape=box, style="rounded,filled", fontname="sans-serif"];\n${nodes.join('')}${edges.join('')}}\n`;
}
