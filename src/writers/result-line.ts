/** One frame as a line of results. */
import type { FrameView } from '../frame.js';
import type { Module } from '../modules/module.js';
import type { BoxClasses, Classification, Detection, Person, Track } from '../results.js';

/** Modules that a line shows: a tracker is left out when an identifier repeats its tracks as people. */
export function shownModules(modules: readonly Module[]): { name: string; position: number; module: Module }[] {
  const repeated = new Set(modules.filter((module) => module.shape === 'people').flatMap((module) => module.depends));
  return modules
    .map((module, position) => ({ name: module.name, position, module }))
    .filter(({ name, module }) => !(module.shape === 'tracks' && repeated.has(name)));
}

/** `{source, index, timeMs, <module>: ...}` with a line feed; of a module that is `silent` null. */
export function resultLine(
  frame: FrameView,
  shown: ReturnType<typeof shownModules>,
  silent: readonly string[] = [],
): string {
  const said = shown.map(({ name, position, module }) => [name, plain(module, frame.valueAt(position))] as const);
  const values = [...said, ...silent.map((name) => [name, null] as const)];
  const { source, index, timeMs } = frame;
  return `${JSON.stringify({ source, index, timeMs, ...Object.fromEntries(values) })}\n`;
}

function plain(module: Module, value: unknown): unknown {
  if (value === undefined) return null;
  switch (module.shape) {
    case 'detections':
      return (value as Detection[]).map(plainDetection);
    case 'tracks':
      return (value as Track[]).map(({ track, box, score }) => ({
        track,
        box: box.map(hundredths),
        score: fine(score),
      }));
    case 'people':
      return (value as Person[]).map(({ track, id, box, score }) => ({
        track,
        id: id ?? null,
        box: box.map(hundredths),
        score: fine(score),
      }));
    case 'boxClasses':
      return (value as BoxClasses[]).map(({ track, box, classes }) => ({
        ...(track !== undefined && { track }),
        box: box.map(hundredths),
        classes: classes.map(plainClass),
      }));
    case 'tensors':
      return (value as { dims: number[]; data: Float64Array }[]).map(({ dims, data }) => ({
        dims,
        data: Array.from(data),
      }));
    default:
      return value;
  }
}

const plainClass = ({ score, ...rest }: Classification) => ({ ...rest, score: fine(score) });

function plainDetection({ box, score, class: index, label, keypoints, keypointScores, mask }: Detection): object {
  return {
    box: box.map(hundredths),
    score: fine(score),
    ...((index > 0 || label !== undefined) && { class: index }),
    ...(label !== undefined && { label }),
    ...(keypoints && { keypoints: keypoints.map((point) => point.map(hundredths)) }),
    ...(keypointScores && { keypointScores: keypointScores.map(fine) }),
    ...(mask && { mask }),
  };
}

const hundredths = (pixels: number) => Math.round(pixels * 100) / 100;
const fine = (score: number) => Math.round(score * 1e5) / 1e5;
