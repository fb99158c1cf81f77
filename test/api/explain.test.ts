// What explain states beforehand is what the report of the run states afterwards.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { detect, identify, pipeline, track, video } from '../../src/index.js';
import { complete, folderFor, noAddon, patternClip } from './clips.js';

const folder = folderFor('explain');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!complete)(`explain (${noAddon ?? 'addon there'})`, () => {
  test.each([1, 3])('workers and providers of a run with %i sources', async (count) => {
    const clip = patternClip(join(folder, `${count}.mp4`), { seconds: 1 });
    const description = pipeline(...Array.from({ length: count }, () => video(clip, { endMs: 200 })))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .use(identify('people', { of: 'tracks', model: 'face-recognition', workers: 2 }));
    const { device, modules } = await description.explain();
    const run = await description.start();
    try {
      await run.done;
      const report = await run.report();
      expect(device.value).toBe(report.device);
      const workersOf = (stage: string) => report.stages.find(({ name }) => name === stage)?.workers;
      const planned = Object.fromEntries(modules.map(({ name, workers }) => [name, workers.value]));
      expect(planned.faces).toBe(workersOf('faces'));
      expect(planned.tracks).toBe(workersOf('tracks'));
      expect(planned.people).toBe(workersOf('people.embed'));
      expect(modules.flatMap(({ model }) => (model ? [[model.name, model.provider]] : []))).toEqual(
        report.models.map(({ name, provider }) => [name, provider]),
      );
    } finally {
      await run.close();
    }
  });
});
