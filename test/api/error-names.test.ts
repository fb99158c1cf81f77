/** Whoever reads only the sentence of an error knows which module or source it is about. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  analyzer,
  classify,
  detect,
  FramepathError,
  frames,
  identify,
  pipeline,
  type Run,
  track,
  video,
} from '../../src/index.js';
import { complete, folderFor } from './clips.js';
import { finds, means, side } from './made-models.js';

const size = { width: side, height: side, format: 'gray8' as const, fps: 25 };
let folder: string;

beforeAll(() => {
  folder = folderFor('names');
  writeFileSync(join(folder, 'text.mp4'), 'this is no video');
  writeFileSync(join(folder, 'text.onnx'), 'this is no model');
});

async function* film(count = 3) {
  for (let i = 0; i < count; i++) yield { data: new Uint8Array(side * side), timeMs: i * 40 };
}
async function* breaking() {
  yield* film(1);
  throw new Error('the camera broke');
}

const found = () => detect('found', finds(folder, 'found', [[4, 4, 60, 60, 0.9, 0]]));
const with_ = () => pipeline(frames(film(), { ...size, id: 'cam' }));
const at = (name: string) => join(folder, name);
const people = (options: object) =>
  with_()
    .use(found())
    .use(track('walks', { of: 'found' }))
    .use(identify('persons', { of: 'walks', model: means(folder, 'embedder'), ...options } as never));

/** What is started, and who must be named. */
const cases: [string, () => { start(): Promise<unknown> }, { module?: string; source?: string }][] = [
  ['SOURCE_NOT_FOUND', () => pipeline(video(at('none.mp4'), { id: 'door' })), { source: 'door' }],
  ['SOURCE_UNREADABLE', () => pipeline(video(at('text.mp4'), { id: 'door' })), { source: 'door' }],
  [
    'SOURCE_REFUSED',
    () => pipeline(video(at('text.mp4'), { id: 'door', limits: { jail: '/usr' } })),
    { source: 'door' },
  ],
  [
    'SOURCE_TOO_LARGE',
    () => pipeline(video(at('text.mp4'), { id: 'door', limits: { maxBytes: 1 } })),
    { source: 'door' },
  ],
  ['SOURCE_FAILED', () => pipeline(frames(breaking(), { ...size, id: 'cam' })), { source: 'cam' }],
  ['MODEL_NOT_FOUND', () => with_().use(detect('things', at('none.onnx'))), { module: 'things' }],
  ['MODEL_NOT_FOUND', () => with_().use(detect('things', 'nobody-knows-it')), { module: 'things' }],
  ['MODEL_INVALID', () => with_().use(detect('things', at('text.onnx'))), { module: 'things' }],
  ['MODEL_SPEC_NEEDED', () => with_().use(detect('things', means(folder, 'mystery'))), { module: 'things' }],
  ['MODEL_SPEC_NEEDED', () => people({}), { module: 'persons' }],
  [
    'MODEL_UNSUPPORTED',
    () => with_().use(classify('scene', finds(folder, 'boxes', [[4, 4, 60, 60, 1, 0]]))),
    { module: 'scene' },
  ],
  [
    'INVALID_ARGUMENT',
    () => with_().use(detect('things', means(folder, 'm'), { head: 'crystal-ball' })),
    { module: 'things' },
  ],
  [
    'INVALID_ARGUMENT',
    () => people({ metric: 'l2', threshold: 1, facts: { scale: [1] }, bank: at('none.bank') }),
    { module: 'persons' },
  ],
  ['GRAPH_INVALID', () => with_().use(found()).use(found()), { module: 'found' }],
  ['GRAPH_INVALID', () => with_().use(detect('index', at('none.onnx'))), { module: 'index' }],
  ['GRAPH_INVALID', () => with_().use(track('walks', { of: 'nobody' })) as never, { module: 'walks' }],
  [
    'MODULE_FAILED',
    () => with_().use(analyzer({ name: 'odd', analyze: () => Promise.reject(new Error('no')) })),
    { module: 'odd', source: 'cam' },
  ],
  [
    'MODULE_TIMEOUT',
    () => with_().use(analyzer({ name: 'slow', timeoutMs: 20, analyze: () => new Promise(() => undefined) })),
    { module: 'slow', source: 'cam' },
  ],
  ['MODULE_UNUSABLE', () => with_().use(analyzer(at('none.js'), { name: 'gone' })), { module: 'none.js' }],
  [
    'MODULE_CRASHED',
    () => {
      if (!existsSync(at('dies.mjs')))
        writeFileSync(at('dies.mjs'), "export const dies = { name: 'dies', analyze: () => process.exit(3) };\n");
      return with_().use(analyzer(at('dies.mjs'), { name: 'dies', isolation: 'process', restarts: 0 }));
    },
    { module: 'dies', source: 'cam' },
  ],
];

async function failureOf(description: { start(): Promise<unknown> }): Promise<FramepathError> {
  let run: Run | undefined;
  try {
    run = (await description.start()) as Run;
    await run.done;
  } catch (error) {
    expect(error).toBeInstanceOf(FramepathError);
    return error as FramepathError;
  } finally {
    await run?.close().catch(() => undefined);
  }
  throw new Error('it did not fail');
}

describe.skipIf(!complete)('an error names in its sentence', () => {
  test.each(cases.map(([code, make, who]) => ({ code, make, who, name: Object.values(who).join(', ') })))(
    '$name ($code)',
    async ({ code, make, who }) => {
      const error = await failureOf(make());
      expect(error.code, error.message).toBe(code);
      for (const name of Object.values(who)) expect(error.message).toContain(name);
      for (const name of [error.module, error.source]) if (name) expect(error.message).toContain(name);
    },
  );
});
