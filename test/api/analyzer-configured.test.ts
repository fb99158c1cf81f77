/** One pipeline, moved by its configuration alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { analyzer, pipeline, video } from '../../src/index.js';
import { hostsWork, moduleFile, python, pythonWorks } from './analyzer-files.js';
import { folderFor, patternClip } from './clips.js';
import { closed } from './outcomes.js';

const folder = folderFor('configured');
const path = join(folder, 'framepath.config.mjs');
let clip: string;

beforeAll(() => {
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '128x96' });
  const environments = {
    thread: { modules: { brightness: { isolation: 'thread' } } },
    process: { modules: { brightness: { isolation: 'process', instances: 2 }, changes: { isolation: 'process' } } },
    python: { modules: { brightness: { enabled: false }, dependent: { isolation: { python } } } },
  };
  writeFileSync(
    path,
    `export default ${JSON.stringify({ modules: { changes: { isolation: 'thread' } }, environments })};`,
  );
});
afterEach(() => vi.unstubAllEnvs());

function inEnvironment(name: string): void {
  vi.stubEnv('FRAMEPATH_CONFIG', path);
  vi.stubEnv('FRAMEPATH_ENV', name);
}

const description = () =>
  pipeline(video(clip, { endMs: 200 }))
    .use(analyzer(moduleFile('brightness.js')))
    .use(analyzer(moduleFile('changes.js'), { options: { above: 0.01 } }));

async function lines(): Promise<string[]> {
  const run = await description().start();
  const seen: string[] = [];
  for await (const frame of run) seen.push(JSON.stringify(frame));
  await closed(run);
  return seen;
}

describe.skipIf(!hostsWork)('the configuration', () => {
  test('moves modules of files, with the same results', async () => {
    const inline = await lines();
    expect(inline).toHaveLength(5);
    expect(inline[0]).toMatch(/"brightness":\{.*"changes":\{/);
    for (const [environment, brightness, changes] of [
      ['thread', ['thread', `${path} (thread)`], ['thread', path]],
      ['process', ['process', `${path} (process)`], ['process', `${path} (process)`]],
    ] as const) {
      inEnvironment(environment);
      const { modules } = await description().explain();
      expect(modules.map(({ where }) => [where.value, where.from])).toEqual([brightness, changes]);
      expect(modules[0]!.workers.value).toBe(environment === 'process' ? 2 : 1);
      expect(await lines()).toEqual(inline);
    }
  });

  test.skipIf(!pythonWorks)('disables a module, and Python gets None', async () => {
    inEnvironment('python');
    const file = join(folder, 'dependent.py');
    writeFileSync(
      file,
      'from framepath import analyzer\n\n@analyzer(depends=["brightness"])\ndef dependent(frame, deps):\n    return deps["brightness"] is None\n',
    );
    const run = await pipeline(video(clip, { endMs: 200 }))
      .use(analyzer(moduleFile('brightness.js')))
      .use(analyzer(file, { name: 'dependent' }))
      .start();
    const dependent: unknown[] = [];
    for await (const frame of run) dependent.push([frame.dependent, (frame as { brightness?: unknown }).brightness]);
    expect(dependent).toEqual(Array.from({ length: 5 }, () => [true, undefined]));
    await closed(run);
  });
});
