/** Schemas of analyzers: what they make of a value, and what becomes of one that does not fit. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { analyzer, defineAnalyzer, pipeline, type SchemaResult, type StandardSchema } from '../src/index.js';
import { pushed } from './tiny.js';

/** A schema by hand: what `validate` returns, at once or later. */
const standard = <I, O>(
  validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>,
): StandardSchema<I, O> => ({ '~standard': { version: 1, vendor: 'hand', validate } });

const even = standard<number, string>((value) =>
  typeof value === 'number' && value % 2 === 0
    ? { value: `even ${value}` }
    : { issues: [{ message: 'not even', path: ['at', { key: 0 }] }] },
);

const failureOf = async (module: Parameters<ReturnType<typeof pipeline>['use']>[0]) => {
  const run = await pipeline(pushed(8)).use(module).start();
  return run.done.catch((error) => error);
};

describe('a schema', () => {
  test('is asked about every value, and what it makes of it is the value of the frame', async () => {
    const numbers = analyzer({ name: 'numbers', schema: even, analyze: ({ index }) => index * 2 });
    const reader = analyzer({ name: 'reader', depends: [numbers], analyze: (_, deps) => deps.numbers });
    const run = await pipeline(pushed(8)).use(numbers).use(reader).start();
    let seen = 0;
    for await (const frame of run) {
      expect(frame.numbers).toBe(`even ${frame.index * 2}`);
      expect(frame.reader).toBe(frame.numbers);
      seen++;
    }
    expect(seen).toBe(8);
  });

  test('may take its time, and so may the analyzer', async () => {
    const later = standard<number, string>(async (value) => ({ value: `later ${value}` }));
    const slow = analyzer({ name: 'slow', schema: later, analyze: async ({ index }) => index });
    const run = await pipeline(pushed(8)).use(slow).start();
    for await (const frame of run) expect(frame.slow).toBe(`later ${frame.index}`);
  });

  test('that refuses a value fails the run, with path and message of the first issues', async () => {
    const odd = analyzer({ name: 'odd', schema: even, analyze: () => 3 });
    const error = await failureOf(odd);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'odd' });
    expect(error.message).toContain('The value does not fit the schema: at.0: not even');
    const many = standard<number, number>(() => ({
      issues: ['a', 'b', 'c', 'd', 'e'].map((message) => ({ message })),
    }));
    const several = await failureOf(analyzer({ name: 'many', schema: many, analyze: () => 1 }));
    expect(several.message).toContain('a; b; c; and 2 more');
  });

  test('that refuses a value leaves the rest to the policy', async () => {
    const shaky = analyzer({ name: 'shaky', schema: even, onError: 'skip', analyze: ({ index }) => index });
    const run = await pipeline(pushed(8)).use(shaky).start();
    for await (const frame of run) expect(frame.shaky).toBe(frame.index % 2 ? undefined : `even ${frame.index}`);
  });

  test('is asked about a value that is missing too', async () => {
    const nothing = analyzer({ name: 'nothing', schema: even, analyze: () => undefined as unknown as number });
    expect(await failureOf(nothing)).toMatchObject({ code: 'MODULE_FAILED' });
  });

  test('that throws fails the frame with what it threw', async () => {
    const broken = standard<number, number>(() => {
      throw new RangeError('no such schema');
    });
    const error = await failureOf(analyzer({ name: 'broken', schema: broken, analyze: () => 1 }));
    expect(error).toMatchObject({ code: 'MODULE_FAILED' });
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  test('must be one', () => {
    for (const schema of [{}, null, 5, { '~standard': { version: 2, validate: () => ({ value: 1 }) } }, { parse() {} }])
      expect(() => defineAnalyzer({ name: 'a', schema: schema as never, analyze: () => 1 })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('for schema') }),
      );
  });

  test('may be a function with one, as those of arktype are', async () => {
    const callable = Object.assign(
      () => undefined,
      standard<number, number>((value) => ({ value: Number(value) + 1 })),
    );
    const run = await pipeline(pushed(8))
      .use(analyzer({ name: 'next', schema: callable, analyze: ({ index }) => index }))
      .start();
    for await (const frame of run) expect(frame.next).toBe(frame.index + 1);
  });
});

describe('a schema of zod', () => {
  const smile = z.object({ score: z.number().min(0).max(1), label: z.string().default('none') });

  test('checks, and fills in what it has defaults for', async () => {
    const smiles = analyzer({ name: 'smiles', schema: smile, analyze: ({ index }) => ({ score: index / 8 }) });
    const run = await pipeline(pushed(8)).use(smiles).start();
    for await (const frame of run) expect(frame.smiles).toEqual({ score: frame.index / 8, label: 'none' });
  });

  test('reports where a value does not fit', async () => {
    const list = z.array(smile);
    const bad = analyzer({ name: 'bad', schema: list, analyze: () => [{ score: 0.5 }, { score: 7 }] });
    const error = await failureOf(bad);
    expect(error).toMatchObject({ code: 'MODULE_FAILED', module: 'bad' });
    expect(error.message).toMatch(/does not fit the schema: 1\.score: .*1/);
  });
});
