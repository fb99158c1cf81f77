/** Boxes of JavaScript's values for the native side: what the layout hides, draws and follows, and inputs crop. */

import type { Box } from '../generated/results.js';
import type { PipelineSpec } from '../generated/specs.js';
import { unexpected } from '../validate.js';

/** Names of the modules whose boxes others read natively. */
export function modulesReadForBoxes({ compositions = [], modules }: PipelineSpec): ReadonlySet<string> {
  const names = [
    ...compositions.flatMap(({ layout: { redact, draw, tiles } }) => [
      redact?.module,
      draw?.boxes,
      ...tiles.map(({ follow }) => follow?.module),
    ]),
    ...modules.map((module) => ('of' in module ? module.of : 'input' in module ? module.input?.crop : undefined)),
  ];
  return new Set(names.filter((name) => name !== undefined));
}

interface Boxed {
  box: Box;
  track?: number;
  id?: number;
  score?: number;
}

const isBoxed = (item: unknown): item is Boxed => {
  const { box, track = 0, id = 0, score = 1 } = (item ?? {}) as { [Key in keyof Boxed]?: unknown };
  return (
    Array.isArray(box) &&
    box.length === 4 &&
    box.every((coordinate) => Number.isFinite(coordinate)) &&
    Number.isSafeInteger(track) &&
    id === ((id as number) | 0) &&
    Number.isFinite(score)
  );
};

/** Of one frame: more than any picture has, and drawn or hidden in time. */
const mostBoxes = 4096;

/**
 * Rows of BoxRow (schema/packed.mjs).
 * @throws INVALID_ARGUMENT when it is something else than a list of `{ box, track?, id?, score? }`
 */
export function packedBoxes(value: unknown): Float64Array {
  if (Array.isArray(value) && value.length > mostBoxes)
    throw unexpected(`at most ${mostBoxes} boxes a frame, because they are used,`, 'value', value);
  if (!Array.isArray(value) || !value.every(isBoxed))
    throw unexpected(
      'a list of { box: [x1, y1, x2, y2], track?, id?, score? }, because its boxes are used,',
      'value',
      value,
    );
  return Float64Array.from(value.flatMap(({ box, track = 0, id = 0, score = 1 }: Boxed) => [track, id, ...box, score]));
}
