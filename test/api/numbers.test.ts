/** Numbers that do not fit what the native side counts with are refused, by name. */
import { describe, expect, test } from 'vitest';
import { loadAddon } from '../../src/addon.js';
import { analyzer, detect, FramepathError, frames, grid, pipeline, video } from '../../src/index.js';
import { noAddon } from './clips.js';

const clip = 'none.mp4';
const errorOf = (make: () => unknown): FramepathError => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(FramepathError);
    return error as FramepathError;
  }
  throw new Error('it was taken');
};

test.each<[string, () => unknown]>([
  ['stride', () => video(clip, { stride: 2 ** 31 })],
  ['startMs', () => video(clip, { startMs: 1e300 })],
  ['endMs', () => video(clip, { endMs: 1e300 })],
  ['maxFps', () => video(clip, { maxFps: 1e308 })],
  ['maxGapMs', () => video(clip, { maxGapMs: -1 })],
  ['maxGapMs', () => frames([], { width: 2, height: 2, maxGapMs: Number.NaN })],
  ['stride', () => detect('d', 'blazeface', { stride: 2 ** 53 - 1 })],
  ['timeoutMs', () => analyzer({ name: 'a', analyze: () => 1, timeoutMs: 1e12 } as never)],
  ['fps', () => grid({ fps: [2 ** 31, 1] } as never)],
  ['audio', () => pipeline(video(clip)).encode('x.mp4', { audio: 2 ** 31 })],
])('%s', (name, make) => {
  expect(errorOf(make)).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) });
});

describe.skipIf(noAddon !== undefined)('a spec of the native side', () => {
  const source = { id: '0', kind: 'file', uri: clip };
  const run = { device: 'cpu', runtimeLibraries: [], sources: [], modules: [], keepPixels: false };
  const canvas = { kind: 'grid', width: 64, height: 64, tiles: [] };
  const composed = (layout: object, ...outputs: object[]) => ({
    sources: [source],
    compositions: [{ name: '0', layout: { ...canvas, ...layout }, outputs }],
  });
  const specs: [string, object][] = [
    ['stride', { sources: [{ ...source, stride: 2 ** 31 }] }],
    ['stride', { sources: [{ ...source, stride: 1.5 }] }],
    ['stride', { sources: [{ ...source, stride: '1' }] }],
    ['startMs', { sources: [{ ...source, startMs: 1e300 }] }],
    ['maxGapMs', { sources: [{ ...source, maxGapMs: 1e300 }] }],
    ['width', { sources: [{ id: '0', kind: 'frames', width: -(2 ** 40), height: 2 }] }],
    ['inFlight', { sources: [source], inFlight: 1e10 }],
    ['background', composed({ background: [256, 0, 0] })],
    ['fps', composed({ fps: [2 ** 32 + 25, 1] })],
    ['bitrate', composed({}, { name: 'x', path: 'x.mp4', bitrate: 1e30 })],
    ['alpha', composed({ tiles: [{ source: 0, alpha: 1e300 }] })],
    ['keyframes', composed({}, { name: 'x', path: 'x.mp4', keyframes: 2 })], // no option of it
    ['size', { modules: [{ kind: 'detect', name: 'd', model: { name: 'x', file: 'x', size: [2 ** 70, 2] } }] }],
  ];
  test.each(specs)('%s', (name, spec) => {
    const { Run } = loadAddon();
    const make = () => new Run(JSON.stringify({ ...run, ...spec }), { task: () => undefined, event: () => undefined });
    let error: { code?: string; message?: string } = {};
    try {
      make();
    } catch (thrown) {
      error = thrown as typeof error;
    }
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) });
  });
});
