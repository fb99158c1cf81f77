import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

type Box = [x1: number, y1: number, x2: number, y2: number, score: number, track?: number];
interface Agreement {
  recallOfOurs: number;
  recallOfTheirs: number;
  detectionsPerFrame: number;
}

// The bench is plain JavaScript without declarations.
const module = new URL('../../bench/agreement.mjs', import.meta.url).href;
const { agreement, idsKept } = (await import(module)) as {
  agreement(ours: string, theirs: string): Agreement;
  idsKept(reference: string, other: string): number;
};

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

describe('track ids', () => {
  const tracked = (box: Box, id: number): Box => [box[0], box[1], box[2], box[3], box[4], id];
  const four = (...ids: number[]) => ids.map((id) => [tracked(left, id)]);
  const kept = (reference: Box[][], other: Box[][]) =>
    idsKept(file('reference.tracks', reference), file('other.tracks', other));

  test('other numbers are the same ids', () => {
    expect(kept(four(1, 1, 1, 1), four(7, 7, 7, 7))).toBe(1);
  });

  test('a track that goes on under another id keeps its longer part', () => {
    expect(kept(four(1, 1, 1, 1), four(7, 7, 7, 8))).toBe(0.75);
  });

  test('two tracks that become one keep one', () => {
    expect(kept(four(1, 1, 1, 2), four(7, 7, 7, 7))).toBe(0.75);
  });

  test('boxes that are elsewhere or missing are not kept', () => {
    expect(kept(four(1, 1), [[tracked(right, 1)], []])).toBe(0);
  });

  test('nothing to compare is an error', () => {
    expect(() => kept([[]], [[]])).toThrow('no tracks');
    expect(() => kept(four(1), four(1, 1))).toThrow('frames');
  });
});
