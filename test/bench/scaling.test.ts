import { expect, test } from 'vitest';
import { scalingOf } from '../../bench/scaling.mjs';

const ours = (name: string, fps: number) => ({ name, contender: 'framepath', fps, peakRssBytes: fps * 1e6 });

test('curves are made of what was measured', () => {
  const curves = scalingOf({
    pipelines: [ours('D1', 100), { name: 'D1', contender: 'another', fps: 7 }, ours('D', 300)],
    stages: [
      { stage: 'embed', case: '1 crop', cpuMs: 6 },
      { stage: 'embed', case: '4 crops batched', cpuMs: 5 },
      { stage: 'embed', case: '4 crops one by one', cpuMs: 6.1 },
      { stage: 'track', case: '5 objects', cpuMs: 0.01 },
      { stage: 'track', case: '100 objects', cpuMs: 0.3 },
    ],
  });
  expect(curves).toContainEqual({
    name: '720p sources -> frames in all',
    unit: 'frames/s',
    x: [1, 8],
    y: [100, 300],
  });
  expect(curves).toContainEqual({ name: '720p sources -> peak memory', unit: 'MB', x: [1, 8], y: [100, 300] });
  expect(curves).toContainEqual({ name: 'crops in a batch -> CPU of a crop', unit: 'ms CPU', x: [1, 4], y: [6, 5] });
  expect(curves).toContainEqual({
    name: 'objects -> CPU of tracking',
    unit: 'ms CPU a frame',
    x: [5, 100],
    y: [0.01, 0.3],
  });
  expect(curves.map(({ name }: { name: string }) => name)).not.toContain('crops one by one -> CPU of a crop');
});

test('a run without those parts has no curves', () => {
  expect(scalingOf({ pipelines: [], stages: [] })).toEqual([]);
});
