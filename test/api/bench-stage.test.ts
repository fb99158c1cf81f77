/** Stages measured alone through the addon: JSON in, figures or a coded error out. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAddon } from '../../src/addon.js';
import type { StageFigures } from '../../src/generated/results.js';
import { runtimeLibraries } from '../../src/runtime-library.js';
import { complete, folderFor, noAddon, root } from './clips.js';

describe.skipIf(noAddon !== undefined)('addon.benchStage', () => {
  const folder = folderFor('stage');
  const clip = join(folder, 'pattern.mp4');
  const measure = async (request: object) =>
    JSON.parse(await loadAddon().benchStage(JSON.stringify({ minSeconds: 0.02, ...request }))) as StageFigures;

  beforeAll(() => loadAddon().benchClip(JSON.stringify({ path: clip, width: 160, height: 90, fps: 25, frames: 25 })));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    [{ stage: 'decode' }, 'frame', { size: '160x90', codec: 'h264' }],
    [{ stage: 'track', objects: 20, frames: 50 }, 'update', { objects: 20 }],
    [{ stage: 'compose', layout: '2x2', width: 320, height: 180 }, 'canvas', { tiles: 4, canvas: '320x180' }],
    [{ stage: 'encode', profile: 'realtime', width: 160, height: 90 }, 'frame', { encoder: 'libx264', delayFrames: 0 }],
  ])('%j', async (request, unit, facts) => {
    const material = { track: {}, compose: { clips: [clip] } }[request.stage as string] ?? { clip };
    const figures = await measure({ ...material, ...request });
    expect(figures).toMatchObject({ stage: request.stage, unit, ...facts });
    expect(figures.items).toBeGreaterThan(0);
    expect(figures.wallMs).toBeGreaterThan(0);
    expect(figures.cpuMs).toBeGreaterThan(0);
  });

  test.skipIf(!complete).each([
    [{ stage: 'letterbox' }, 'blazeface', 'frame'],
    [{ stage: 'detect', batch: 2 }, 'blazeface', 'frame'],
    [{ stage: 'embed', crops: 2 }, 'face-recognition', 'crop'],
  ])('%j with %s', async (request, name, unit) => {
    const model = { name, file: join(root, 'models', `${name}.onnx`) };
    const figures = await measure({ clip, model, runtimeLibraries: runtimeLibraries(undefined), ...request });
    expect(figures).toMatchObject({ stage: request.stage, unit, model: name });
    expect(figures.cpuMs).toBeGreaterThan(0);
  });

  test.each([
    [{ stage: 'fly' }, 'INVALID_ARGUMENT', /fly/],
    [{}, 'INVALID_ARGUMENT', /stage/],
    [{ stage: 'decode' }, 'INVALID_ARGUMENT', /clip/],
    [{ stage: 'decode', clip: 7 }, 'INVALID_ARGUMENT', /string/],
    [{ stage: 'decode', clip: 'nowhere.mp4' }, 'SOURCE_NOT_FOUND', /nowhere/],
    [{ stage: 'decode', clip, threads: 0 }, 'INVALID_ARGUMENT', /threads/],
    [{ stage: 'decode', clip, minSeconds: 0 }, 'INVALID_ARGUMENT', /minSeconds/],
    [{ stage: 'compose', clips: [clip], layout: 'circle' }, 'INVALID_ARGUMENT', /circle/],
    [{ stage: 'encode', clip, fps: -1 }, 'INVALID_ARGUMENT', /fps/],
    [{ stage: 'encode', clip, profile: 'best' }, 'INVALID_ARGUMENT', /best/],
    [{ stage: 'track', device: 'tpu' }, 'INVALID_ARGUMENT', /tpu/],
  ])('refuses %j with %s', async (request, code, message) => {
    const measured = (async () => measure(request))();
    await expect(measured).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
