/** Hosts of analyzers die while a run goes: nothing is lost; and packages that cannot share a process. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, pipeline, video } from '../../src/index.js';
import { hostsWork } from './analyzer-files.js';
import { killed } from './analyzer-kills.js';
import { folderFor, patternClip } from './clips.js';
import { closed, codeOf } from './outcomes.js';

let folder: string;
let clip: string;

beforeAll(() => {
  folder = folderFor('kills');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 24, size: '64x48' });
}, 60_000);

describe.skipIf(!hostsWork)('a run', () => {
  test('loses no frame and no value to thirty kills', async () => {
    expect(await killed(clip, 30)).toBe(30);
  }, 120_000);

  test('has two versions of a package that cannot share a process', async () => {
    for (const version of [1, 2]) {
      const home = join(folder, `home${version}`);
      const thing = join(home, 'node_modules/thing');
      mkdirSync(thing, { recursive: true });
      writeFileSync(join(thing, 'package.json'), JSON.stringify({ name: 'thing', version: `${version}.0.0` }));
      // As native libraries do: whoever comes first has the process.
      writeFileSync(
        join(thing, 'index.js'),
        `if ((process.thing ??= ${version}) !== ${version}) throw new Error('thing ' + process.thing + ' is loaded already');
         exports.version = ${version};`,
      );
      const code = `import { version } from 'thing'; export const ours = { name: 'uses${version}', analyze: () => version };`;
      writeFileSync(join(home, 'uses.mjs'), code);
    }
    const both = (isolation: 'inline' | 'process') =>
      pipeline(video(clip, { endMs: 400 }))
        .use(analyzer('uses.mjs', { name: 'one', root: join(folder, 'home1'), isolation }))
        .use(analyzer('uses.mjs', { name: 'two', root: join(folder, 'home2'), isolation }))
        .start();
    expect(await codeOf(both('inline'))).toBe('MODULE_UNUSABLE');
    const run = await both('process');
    for await (const frame of run) expect([frame.one, frame.two]).toEqual([1, 2]);
    await closed(run);
  });
});
