// Sample results (invented figures): one with everything, one where little could run, one from a busy machine.
import { readFileSync } from 'node:fs';

// biome-ignore lint/suspicious/noExplicitAny: tests take results apart in ways no type allows
export type Result = any;

export const fixture = (name: 'full' | 'partial' | 'noisy'): Result =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));

/** What a reader sees of a page: its words without styles, scripts and tags. */
export const words = (html: string) =>
  html
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** Every path to a value below `value`, as lists of keys. */
export function paths(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [[...at, key], ...paths(below, [...at, key])]);
}

/** A copy in which the value at a path is another one, or gone. */
export function replaced(result: Result, path: string[], value?: unknown): Result {
  const copy = structuredClone(result);
  const parent = path.slice(0, -1).reduce((node, key) => node[key], copy);
  const key = path.at(-1)!;
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return copy;
}

/** A result cut down so that every kind of row is still there once or twice: what the exhaustive tests work on. */
export function small(result: Result): Result {
  const copy = structuredClone(result);
  copy.kernels = copy.kernels.slice(0, 2);
  copy.stages = copy.stages.slice(0, 2);
  copy.pipelines = [copy.pipelines[0], copy.pipelines[2]];
  copy.pipelines[0].stages = copy.pipelines[0].stages.slice(0, 2);
  copy.pipelines[0].inflation = copy.pipelines[0].inflation.slice(0, 1);
  copy.timelines[0].spans = copy.timelines[0].spans.slice(0, 4);
  copy.scaling = copy.scaling.slice(0, 1);
  copy.ratios = copy.ratios.slice(0, 1);
  copy.targets = copy.targets.slice(0, 1);
  return copy;
}
