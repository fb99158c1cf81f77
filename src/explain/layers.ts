/**
 * Places the boxes of a drawing: layers from left to right, each box one layer after the last of those it reads from;
 * inside a layer the order that crosses few arrows, then heights that bend few.
 *
 * Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981, with barycentres
 * for the order. An arrow that spans layers holds a place of its own in each of them, so that it passes between boxes.
 */
import type { Arrow, Box, Drawing } from './drawing.js';

/** A place in a layer: a box's, or one that a long arrow passes through. */
interface Place {
  /** places in the layer before that lead here */
  before: Place[];
  after: Place[];
  /** in its layer, from above */
  row: number;
  height: number;
  /** of its middle */
  y: number;
}

/** Where things are: columns by number, middles by height from the top. */
export interface Placement {
  /** box -> its column and middle */
  boxes: Map<string, { column: number; y: number }>;
  /** for each arrow, the heights at which it passes through the columns between its ends */
  passages: number[][];
  columns: number;
  height: number;
}

/** One layer after the last that it reads from. */
function columnsOf({ boxes, arrows }: Drawing): Map<string, number> {
  const columns = new Map<string, number>();
  const columnOf = (id: string): number => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    const column = Math.max(-1, ...arrows.filter(({ to }) => to === id).map(({ from }) => columnOf(from))) + 1;
    columns.set(id, column);
    return column;
  };
  for (const { id } of boxes) columnOf(id);
  return columns;
}

const mean = (values: number[], otherwise: number): number =>
  values.length === 0 ? otherwise : values.reduce((a, b) => a + b, 0) / values.length;

/** Sorts a layer by where its neighbours are; those without any stay about where they were. */
function sort(layer: Place[], neighbours: 'before' | 'after'): void {
  const wanted = new Map(
    layer.map((place) => [
      place,
      mean(
        place[neighbours].map(({ row }) => row),
        place.row,
      ),
    ]),
  );
  layer.sort((a, b) => wanted.get(a)! - wanted.get(b)! || a.row - b.row);
  renumber(layer);
}

const renumber = (layer: Place[]): void => {
  for (const [row, place] of layer.entries()) place.row = row;
};

function link(from: Place, to: Place): void {
  from.after.push(to);
  to.before.push(from);
}

/** Moves the places of a layer to where they want to be, as far as their order and the gaps between them allow. */
function settle(layer: readonly Place[], gap: number, wantedOf: (place: Place) => number): void {
  const wanted = layer.map(wantedOf);
  const apart = (i: number) => (layer[i].height + layer[i - 1].height) / 2 + gap;
  const down = [...wanted];
  const up = [...wanted];
  for (let i = 1; i < layer.length; i++) down[i] = Math.max(down[i], down[i - 1] + apart(i));
  for (let i = layer.length - 1; i > 0; i--) up[i - 1] = Math.min(up[i - 1], up[i] - apart(i));
  for (const [i, place] of layer.entries()) place.y = (down[i] + up[i]) / 2; // both keep the gaps, so does their mean
}

const middles = (places: readonly Place[]): number[] => places.map(({ y }) => y);

function straighten(layers: readonly Place[][], gap: number): void {
  for (const layer of layers) settle(layer, gap, () => 0);
  for (let sweep = 0; sweep < 8; sweep++) {
    for (const layer of layers) settle(layer, gap, ({ before, y }) => mean(middles(before), y));
    for (const layer of layers.toReversed()) settle(layer, gap, ({ after, y }) => mean(middles(after), y));
  }
  for (const layer of layers) settle(layer, gap, ({ before, after, y }) => mean(middles([...before, ...after]), y));
  const top = Math.min(...layers.flat().map(({ y, height }) => y - height / 2));
  for (const place of layers.flat()) place.y = Math.round(place.y - top);
}

/** @param heightOf of a box; @param gap between things that stand above one another */
export function place(drawing: Drawing, heightOf: (box: Box) => number, gap: number): Placement {
  const columns = columnsOf(drawing);
  const layers: Place[][] = Array.from({ length: Math.max(0, ...columns.values()) + 1 }, () => []);
  const add = (column: number, height: number): Place => {
    const added: Place = { before: [], after: [], row: layers[column].length, height, y: 0 };
    layers[column].push(added);
    return added;
  };
  const ofBox = new Map(drawing.boxes.map((box) => [box.id, add(columns.get(box.id)!, heightOf(box))]));
  const passages = drawing.arrows.map(({ from, to }: Arrow) => {
    const between: Place[] = [];
    let last = ofBox.get(from)!;
    for (let column = columns.get(from)! + 1; column < columns.get(to)!; column++) {
      const passage = add(column, 0);
      link(last, passage);
      between.push(passage);
      last = passage;
    }
    link(last, ofBox.get(to)!);
    return between;
  });
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const layer of layers.slice(1)) sort(layer, 'before');
    for (const layer of layers.slice(0, -1).reverse()) sort(layer, 'after');
  }
  straighten(layers, gap);
  return {
    boxes: new Map([...ofBox].map(([id, { y }]) => [id, { column: columns.get(id)!, y }])),
    passages: passages.map(middles),
    columns: layers.length,
    height: Math.max(...layers.flat().map(({ y, height }) => y + height / 2)),
  };
}
