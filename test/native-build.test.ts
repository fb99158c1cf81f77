/** The build folder of a clone. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configure } from '../scripts/steps/native-build.mjs';

test('a clone that was moved is configured anew, one that was not is left alone', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'framepath-moved-')));
  const [here, there] = [join(folder, 'here'), join(folder, 'there')];
  mkdirSync(here);
  writeFileSync(join(here, 'CMakeLists.txt'), 'cmake_minimum_required(VERSION 3.18)\nproject(nothing NONE)\n');
  configure(join(here, 'build'), ['-DOPTION=1'], here);
  const kept = join(here, 'build/CMakeFiles/kept');
  writeFileSync(kept, '');
  configure(join(here, 'build'), ['-DOPTION=2'], here);
  expect(existsSync(kept)).toBe(true);
  renameSync(here, there);
  configure(join(there, 'build'), ['-DOPTION=2'], there);
  expect(existsSync(join(there, 'build/CMakeFiles/kept'))).toBe(false);
});
