/** What a machine may lack, and where it may not: a test that skips for want of the addon proves nothing in CI. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { required } from './require.js';

describe('what is missing', () => {
  test.each([
    [{}, false],
    [{ CI: '' }, false],
    [{ CI: 'false' }, false],
    [{ CI: 'true' }, true],
    [{ FRAMEPATH_REQUIRE: 'all' }, true],
    [{ FRAMEPATH_REQUIRE: 'python,addon' }, true],
    [{ FRAMEPATH_REQUIRE: 'python' }, false],
    [{ CI: 'true', FRAMEPATH_REQUIRE: '' }, false],
  ])('is left out or fails: %j', (env, fails) => {
    const asked = () => required('addon', false, 'no such file', env);
    if (fails) expect(asked).toThrow('the native addon (npm run setup). no such file');
    else expect(asked()).toBe(false);
    expect(required('addon', true, '', env)).toBe(true);
  });

  test('is asked about through one place', () => {
    // What may be missing everywhere: another device, evaluation data, a device file, the right to mount, numpy.
    const free = /onGpu|references?\)|\/dev\/full|canMount|numpyWorks|SIM_ORT_REAL/;
    const known = /noAddon|complete|compiled|hostsWork|pythonWorks|simulated|ready|required\(/;
    const wrong = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.startsWith('require'))
      .flatMap((name) => {
        const text = readFileSync(join(import.meta.dirname, name), 'utf8');
        return [...text.matchAll(/\.(?:skipIf|runIf)\((.*)/g)].map(([, condition]) => `${name}: ${condition}`);
      })
      .filter((line) => !free.test(line) && !known.test(line));
    expect(wrong).toEqual([]);
  });
});
