/** `framepath new analyzer`: what it writes passes its own test and runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, pipeline, video } from '../../src/index.js';
import { hostsWork, python, pythonWorks } from './analyzer-files.js';
import { folderFor, patternClip, root } from './clips.js';
import { closed } from './outcomes.js';

let folder: string;
let clip: string;
const scaffold = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'lib/cli.js'), 'new', 'analyzer', ...args, '--json'], { encoding: 'utf8' });

beforeAll(() => {
  folder = folderFor('scaffold');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '128x96' });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/framepath'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}, 60_000);

async function means(file: string): Promise<number[]> {
  const run = await pipeline(video(clip))
    .use(analyzer(join(folder, file), { name: 'light', isolation: file.endsWith('.py') ? { python } : 'process' }))
    .start();
  const values: number[] = [];
  for await (const frame of run) values.push(frame.light as number);
  await closed(run);
  return values;
}

describe.skipIf(!hostsWork)('a scaffold', () => {
  test('in JavaScript passes its test and runs; in Python too, with the same results', async () => {
    expect(scaffold('light', '--in', folder).status).toBe(0);
    execFileSync(process.execPath, ['--test', 'light.test.js'], { cwd: folder });
    const values = await means('light.js');
    expect(values).toHaveLength(25);
    if (!pythonWorks) return;
    expect(scaffold('light', '--python', '--in', folder).status).toBe(0);
    execFileSync(python, ['-m', 'unittest', 'test_light'], { cwd: folder, stdio: 'pipe' });
    expect(await means('light.py')).toEqual(values);
  });

  test('leaves files alone that are there, and takes names that are identifiers', () => {
    expect(scaffold('dark', '--in', folder).status).toBe(0);
    const again = scaffold('dark', '--in', folder);
    expect(again.status).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'OUTPUT_UNWRITABLE' } });
    for (const taken of ['not-a-name', 'class', 'input']) expect(scaffold(taken, '--in', folder).status).toBe(2);
    expect(existsSync(join(folder, 'not-a-name.js'))).toBe(false);
  });
});
