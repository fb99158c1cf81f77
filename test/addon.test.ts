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
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  test('the error says where it looked, which libavcodec is there and the command to build', () => {
    const error = failure(root);
    expect(error.code).toBe('ADDON_MISSING');
    expect(error.message).toContain(join(root, 'build/Release/framepath.node'));
    expect(error.message).toMatch(/libavcodec\.so\.\d+/);
    expect(error.hint).toContain(`node ${join(root, 'scripts/build.mjs')}`);
  });

  test('every prebuilt addon is tried, the newest first, and the error says why each did not load', () => {
    for (const major of [58, 100, 61]) writeFileSync(join(prebuilds, `framepath.av${major}.node`), 'not a library');
    writeFileSync(join(prebuilds, 'README'), '');
    const { message } = failure(root);
    const order = [...message.matchAll(/framepath\.av(\d+)\.node: (.+)/g)];
    expect(order.map(([, major]) => major)).toEqual(['100', '61', '58']);
    for (const [, , reason] of order) expect(reason).toMatch(/file too short|invalid ELF header/);
    expect(message).not.toContain('README');
  });
});
