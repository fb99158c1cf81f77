import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAddon } from '../src/addon.js';
import { FramepathError } from '../src/errors.js';

/** What loading the addon of a package folder throws. */
function failure(root: string): FramepathError {
  try {
    loadAddon(root);
  } catch (error) {
    if (error instanceof FramepathError) return error;
    throw error;
  }
  throw new Error('it loaded');
}

describe('without an addon that fits', () => {
  let root: string;
  let prebuilds: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'framepath-addon-'));
    prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
    mkdirSync(prebuilds, { recursive: true });
    mkdirSync(join(root, 'scripts'));
    writeFileSync(join(root, 'scripts/build.mjs'), '');
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  test('the error lists where it looked, which libavcodec is there, and the packages to install', () => {
    const error = failure(root);
    expect(error.code).toBe('ADDON_MISSING');
    expect(error.message).toContain(join(root, 'build/Release/framepath.node'));
    expect(error.message).toContain(join(prebuilds, 'framepath.node'));
    expect(error.message).toMatch(/libavcodec\.so\.\d+/);
    expect(error.hint).toMatch(/npm install --no-save @framepath\/\S+ @framepath\/av-\S+/);
  });

  test('in a clone, its hint is the command to build', () => {
    writeFileSync(join(root, 'scripts/setup.mjs'), '');
    expect(failure(root).hint).toContain(`node ${join(root, 'scripts/build.mjs')}`);
  });

  test('the reason why a prebuilt addon cannot be loaded is in the error', () => {
    writeFileSync(join(prebuilds, 'framepath.node'), 'not a library');
    expect(failure(root).message).toMatch(/prebuilds\/\S+framepath\.node: .*(file too short|invalid ELF header)/);
  });

  test('in a bundle, which has none of the files of the package, its hint is to keep framepath out of it', () => {
    rmSync(join(root, 'scripts'), { recursive: true });
    const error = failure(root);
    expect(error.code).toBe('ADDON_MISSING');
    expect(error.message).toContain(`${root} is not the folder of the package`);
    expect(error.hint).toContain('--external:framepath');
    expect(error.hint).toContain('serverExternalPackages');
  });
});

describe.each(['darwin', 'win32'])('on %s', (platform) => {
  const package_ = join(import.meta.dirname, '..');
  const as = `data:text/javascript,Object.defineProperty(process, 'platform', { value: '${platform}' });`;
  const node = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', as, ...args], { cwd: package_, encoding: 'utf8' });

  test('the package is imported, and the first native call has a hint', () => {
    const { stdout, stderr } = node(
      '--input-type=module',
      '-e',
      `import * as framepath from './lib/index.js';
       import './lib/metrics/index.js';
       const { detect, pipeline, probe, video } = framepath;
       const described = pipeline(video('a.mp4')).use(detect('faces', './any.onnx'));
       for (const call of [() => probe('a.mp4'), () => described.start(), () => described.explain()])
         await call().then(() => console.log('it works'), ({ code, message, hint }) => console.log(code, message, hint));`,
    );
    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(new RegExp(`^PLATFORM_UNSUPPORTED .*${platform}-.*docker run`));
  });

  test('the command line helps, and doctor reports it', () => {
    expect(node('lib/cli.js', '--help').status).toBe(0);
    const { status, stdout } = node('lib/cli.js', 'doctor');
    expect(status).toBe(1);
    expect(stdout).toContain('PLATFORM_UNSUPPORTED');
  });
});
