/** What programs and files get as JSON fits the published schemas, and nothing that they do not have does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/generated/results.js';
import { analyzer, classify, detect, grid, identify, pipeline, probe, raw, track, video } from '../../src/index.js';
import { watchRuns } from '../tiny.js';
import { complete, folderFor, patternClip, root } from './clips.js';
import { brightness, finds, means } from './made-models.js';

const documents = readdirSync(join(root, 'schemas')).map((file) => file.replace('.json', ''));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addKeyword('x-unit');
for (const name of documents) ajv.addSchema(JSON.parse(readFileSync(join(root, `schemas/${name}.json`), 'utf8')));

/** What is wrong with a value, by the path in it; empty where it fits. */
function wrongs(value: unknown, schema: string): string[] {
  const validate = ajv.getSchema(`urn:framepath:${schema}`)!;
  validate(JSON.parse(JSON.stringify(value)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test('there is one of each document, and every one is a valid schema', () => {
  expect(documents.sort()).toEqual(['probe', 'progress', 'report', 'results', 'run', 'timeline']);
  for (const name of documents) expect(ajv.getSchema(`urn:framepath:${name}`)).toBeTypeOf('function');
});

describe.skipIf(!complete)('a real run', () => {
  let folder: string;
  let clip: string;
  let report: Report;
  let spec: Record<string, unknown>;
  let lines: Record<string, unknown>[];
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;

  beforeAll(async () => {
    folder = folderFor('schemas');
    clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1 });
    const rows = [
      [10, 10, 40, 50, 0.9, 0, 20, 20, 0.5],
      [30, 20, 60, 60, 0.8, 1, 40, 30, 0.5],
    ];
    const watched = watchRuns();
    const run = await pipeline(video(clip))
      .use(detect('things', finds(folder, 'things', rows), { labels: ['zero'] }))
      .use(track('tracks', { of: 'things' }))
      .use(identify('people', { of: 'tracks', model: 'face-recognition' }))
      .use(classify('scene', brightness(folder), { topK: 2 }))
      .use(classify('light', { of: 'tracks', model: brightness(folder) }))
      .use(raw('tensor', means(folder, 'means')))
      .use(analyzer({ name: 'value', stride: 3, analyze: ({ index }) => ({ index }) }))
      .compose(grid({ width: 160, height: 120 }))
      .encode(join(folder, 'out.mp4'))
      .results(join(folder, 'lines.jsonl'))
      .timeline(join(folder, 'timeline.json'))
      .report(join(folder, 'report.json'))
      .start();
    spec = watched.spec as unknown as Record<string, unknown>;
    watched.stop();
    expect(wrongs(run.progress, 'progress')).toEqual([]);
    await run.done;
    report = await run.report();
    await run.close();
    const text = readFileSync(join(folder, 'lines.jsonl'), 'utf8').trim().split('\n');
    lines = text.map((line) => JSON.parse(line) as Record<string, unknown>);
  });

  test('writes a report, a timeline and lines that fit', () => {
    expect(wrongs(report, 'report')).toEqual([]);
    expect(wrongs(read('report.json'), 'report')).toEqual([]);
    expect(wrongs(read('timeline.json'), 'timeline')).toEqual([]);
    expect(lines).toHaveLength(26);
    for (const line of lines) expect(wrongs(line, 'results')).toEqual([]);
    expect(lines.at(-1)).toHaveProperty('relink');
  });

  test.each([
    ['things', 'Detection'],
    ['tracks', 'Track'],
    ['people', 'Person'],
    ['scene', 'Classification'],
    ['light', 'BoxClasses'],
    ['tensor', 'Tensor'],
  ])('has values of %s that are each a %s, and no other', (module, name) => {
    const values = lines.slice(0, -1).flatMap((line) => line[module] as object[]);
    expect(values.length).toBeGreaterThan(0);
    for (const value of values) {
      expect(wrongs(value, `results#/$defs/${name}`)).toEqual([]);
      expect(wrongs({ ...value, more: 1 }, `results#/$defs/${name}`)).not.toEqual([]);
    }
  });

  test('has a source whose facts fit', async () => {
    expect(wrongs(await probe(clip), 'probe')).toEqual([]);
  });

  test('writes nothing that may be left out, or be another thing', () => {
    expect(wrongs({ ...report, wallMs: undefined }, 'report')).toEqual([" must have required property 'wallMs'"]);
    expect(wrongs({ ...report, mistyped: 1 }, 'report')).toEqual([' must NOT have additional properties']);
    expect(wrongs({ ...report, wallMs: 'long' }, 'report')).toEqual(['/wallMs must be number']);
    expect(wrongs({ ...report, gpu: 1 }, 'report')).not.toEqual([]);
  });

  test('was started with a specification that fits', () => {
    expect(wrongs(spec, 'run')).toEqual([]);
    expect(wrongs({ ...spec, inFlight: 0 }, 'run')).toEqual(['/inFlight must be >= 1']);
    expect(wrongs({ ...spec, sources: [{ id: 'a', kind: 'tape' }] }, 'run')).not.toEqual([]);
  });
});
