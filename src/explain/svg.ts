/** A drawing as an SVG picture. */
import type { Box, Drawing } from './drawing.js';
import { place } from './layers.js';

const lineHeight = 16;
const characterWidth = 6.8; // of 12 px sans-serif, on average; boxes have room to spare
const boldCharacterWidth = 8;
const padding = 10;
const gap = { across: 70, down: 22 };
const margin = 24;

const escaped = (text: string): string =>
  text.replace(/[<>&"]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[character]!);

const shortened = (text: string): string => (text.length > 34 ? `${text.slice(0, 33)}…` : text);

const widthOf = ({ title, lines }: Box): number =>
  Math.max(
    80,
    shortened(title).length * boldCharacterWidth + 2 * padding,
    ...lines.map((line) => shortened(line).length * characterWidth + 2 * padding),
  );
const heightOf = ({ lines }: Box): number => (lines.length + 1) * lineHeight + padding;

interface Point {
  x: number;
  y: number;
}

/** A smooth line through points, level at each of them. */
function curve(points: readonly Point[]): string {
  const [first, ...others] = points;
  let path = `M${first.x} ${first.y}`;
  let last = first;
  for (const point of others) {
    const middle = (last.x + point.x) / 2;
    path += `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    last = point;
  }
  return path;
}

const fills = { source: '#e8f0fe', module: '#ffffff', output: '#e6f4ea' };

export function svgOf(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const placement = place(drawing, heightOf, gap.down);
  const columnOf = (box: Box) => placement.boxes.get(box.id)!.column;
  const widths = Array.from({ length: placement.columns }, (_, column) =>
    Math.max(...boxes.filter((box) => columnOf(box) === column).map(widthOf)),
  );
  const lefts = widths.map((_, column) => widths.slice(0, column).reduce((x, width) => x + width + gap.across, margin));
  const drawn = boxes.map((box) => {
    const { column, y } = placement.boxes.get(box.id)!;
    const [width, height] = [widthOf(box), heightOf(box)];
    const x = Math.round(lefts[column] + (widths[column] - width) / 2);
    return { box, x, y: margin + y - height / 2, width: Math.round(width), height };
  });
  const of = (id: string) => drawn.find(({ box }) => box.id === id)!;
  const lines = arrows.map(({ from, to, pixels }, i) => {
    const [a, b] = [of(from), of(to)];
    const start = { x: a.x + a.width, y: a.y + a.height / 2 };
    const end = { x: b.x - 2, y: b.y + b.height / 2 };
    const between = placement.passages[i].flatMap((height, k) => {
      const column = placement.boxes.get(from)!.column + 1 + k;
      const y = margin + height;
      return [
        { x: Math.round(lefts[column]), y },
        { x: Math.round(lefts[column] + widths[column]), y },
      ];
    });
    const style = pixels ? 'stroke-width="2.5"' : 'stroke-width="1.2" stroke-dasharray="5 3"';
    return `<path d="${curve([start, ...between, end])}" fill="none" stroke="#5f6368" ${style} marker-end="url(#end)"/>\n`;
  });
  const rectangles = drawn.map(({ box, x, y, width, height }) => {
    const text = [box.title, ...box.lines].map(
      (line, i) =>
        `<tspan x="${x + width / 2}" dy="${i === 0 ? 0 : lineHeight}"${i === 0 ? ' font-weight="bold"' : ''}>${escaped(shortened(line))}</tspan>`,
    );
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fills[box.kind]}" stroke="#5f6368"/>\n<text x="${x + width / 2}" y="${y + lineHeight}" text-anchor="middle">${text.join('')}</text>\n`;
  });
  const width = lefts.at(-1)! + widths.at(-1)! + margin;
  const height = placement.height + 2 * margin;
  const marker =
    '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6368"/></marker>';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" font-family="sans-serif" font-size="12">\n<defs>${marker}</defs>\n<rect width="100%" height="100%" fill="#fafafa"/>\n${lines.join('')}${rectangles.join('')}</svg>\n`;
}
