/** Inputs that fuzzers found once (`npm run fuzz`), each fine for ever; and a few new ones. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const here = import.meta.dirname;
const compiled = existsSync(join(here, '../../packages/models/lib/fixes.js'));
const folder = mkdtempSync(join(tmpdir(), 'framepath-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!compiled).each(['onnx', 'tflite', 'tfjs', 'link'])('%s', async (name) => {
  const { failureOf, inputOf } = await import(join(here, 'js/fuzzer.mjs'));
  const { target } = await import(join(here, `js/${name}.mjs`));
  const kept = join(here, 'regressions', name);

  for (const file of existsSync(kept) ? readdirSync(kept) : [])
    test(`stays fine with ${file}`, async () => {
      expect(await failureOf(target, readFileSync(join(kept, file)), folder)).toEqual({ share: expect.any(String) });
    });

  test('reads its seeds', async () => {
    for (const seed of target.seeds())
      expect(await failureOf(target, target.encode(seed), folder)).toEqual({ share: expect.any(String) });
  });

  test('reads or refuses what becomes of them', async () => {
    for (let i = 0; i < 60; i++)
      expect(await failureOf(target, inputOf(target, 1, i), folder), `input ${i}`).toEqual({
        share: expect.any(String),
      });
  });
});
