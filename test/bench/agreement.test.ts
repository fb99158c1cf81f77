import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

type Box = [x1: number, y1: number, x2: number, y2: number, score: number];
interface Agreement {
  recallOfOurs: number;
  recallOfTheirs: number;
  detectionsPerFrame: number;
}

// The bench is plain JavaScript without declarations.
const module = new URL('../../bench/agreement.mjs', import.meta.url).href;
const { agreement } = (await import(module)) as { agreement(ours: string, theirs: string): Agreement };

const folder = mkdtempSync(join(tmpdir(), 'framepath-agreement-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, frames: Box[][]): string {
  const path = join(folder, name);
  writeFileSync(path, frames.map((boxes) => `${JSON.stringify(boxes)}\n`).join(''));
  return path;
}

const compare = (ours: Box[][], theirs: Box[][]) => agreement(file('ours.jsonl', ours), file('theirs.jsonl', theirs));

const left: Box = [0, 0, 10, 10, 0.9];
const right: Box = [100, 0, 110, 10, 0.8];

describe('agreement', () => {
  test('the same boxes agree whatever their order', () => {
    expect(compare([[left, right], []], [[right, left], []])).toEqual({
      recallOfOurs: 1,
      recallOfTheirs: 1,
      detectionsPerFrame: 1,
    });
  });

  test('a box they missed lowers the recall of ours, one we missed that of theirs', () => {
    expect(compare([[left, right]], [[left]])).toMatchObject({ recallOfOurs: 0.5, recallOfTheirs: 1 });
    expect(compare([[left]], [[left, right]])).toMatchObject({ recallOfOurs: 1, recallOfTheirs: 0.5 });
  });

  test('an overlap of a half is enough, less is not', () => {
    expect(compare([[left]], [[[0, 0, 10, 5, 0.9]]]).recallOfOurs).toBe(1);
    expect(compare([[left]], [[[0, 0, 10, 4.9, 0.9]]]).recallOfOurs).toBe(0);
  });

  test('boxes apart have no overlap, whatever the product of two negative sides', () => {
    expect(compare([[left]], [[[20, 20, 40, 40, 0.9]]]).recallOfOurs).toBe(0);
  });

  test('one box of theirs stands for one of ours, the best scored first', () => {
    const near: Box = [0, 0, 10, 9, 0.95];
    expect(compare([[left, near]], [[near]])).toMatchObject({ recallOfOurs: 0.5, recallOfTheirs: 1 });
    // near (better scored) takes the box that overlaps it most, so that left finds the other one
    expect(compare([[left, near]], [[left, [0, 0, 10, 8, 0.5]]]).recallOfOurs).toBe(1);
  });

  test('frames are matched by their index', () => {
    expect(compare([[left], []], [[], [left]])).toMatchObject({ recallOfOurs: 0, recallOfTheirs: 0 });
  });

  test('nothing to find is found', () => {
    expect(compare([[]], [[left]])).toEqual({ recallOfOurs: 1, recallOfTheirs: 0, detectionsPerFrame: 1 });
  });

  test('different numbers of frames are an error', () => {
    expect(() => compare([[left], [left]], [[left]])).toThrow('cannot compare 2 frames');
  });

  test('no frames at all are an error', () => {
    expect(() => compare([], [])).toThrow('has no frames');
  });
});
