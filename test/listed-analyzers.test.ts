// Analyzers that packages list, found by name.
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { main } from '../src/cli/main.js';
import { analyzer, pipeline, video } from '../src/index.js';
import { findListed } from '../src/packages/listed-analyzers.js';
import { pushed } from './tiny.js';

let root: string;

/** A package in `at` below the root that lists `analyzers`; its files are there. */
function listing(at: string, name: string, analyzers: Record<string, unknown>, version = '1.0.0'): void {
  const folder = join(root, at);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, framepath: { analyzers } }));
  for (const file of Object.values(analyzers)) {
    if (typeof file !== 'string' || file.startsWith('..') || file.includes('gone')) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    const label = JSON.stringify(`${name} ${version}`);
    writeFileSync(join(folder, file), `export const x = { name: 'smile', analyze: () => ${label} };`);
  }
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'framepath-listed-')));
  vi.spyOn(process, 'cwd').mockReturnValue(root);
});
afterEach(() => vi.restoreAllMocks());

const failure = (call: () => unknown) => {
  try {
    return call() as never;
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
};

describe('an analyzer by name', () => {
  test('is the file that a package lists, plain, scoped or linked', async () => {
    listing('node_modules/faces', 'faces', { 'face.smile': './lib/smile.mjs' });
    listing('node_modules/@scope/mood', '@scope/mood', { mood: './mood.py' });
    listing('store/far', 'far', { 'far.away': './far.mjs' });
    symlinkSync(join(root, 'store/far'), join(root, 'node_modules/far'));
    expect(findListed('face.smile', root)).toBe(join(root, 'node_modules/faces/lib/smile.mjs'));
    expect(findListed('mood', root)).toBe(join(root, 'node_modules/@scope/mood/mood.py'));
    expect(findListed('far.away', join(root, 'store'))).toBe(join(root, 'store/far/far.mjs'));
    const run = await pipeline(pushed(1)).use(analyzer('face.smile')).start();
    for await (const frame of run) expect((frame as unknown as { smile: string }).smile).toBe('faces 1.0.0');
  });

  test('is what the project itself lists before what its packages do', () => {
    listing('.', 'app', { 'face.smile': './own.mjs' });
    listing('node_modules/faces', 'faces', { 'face.smile': './smile.mjs' });
    expect(findListed('face.smile', join(root))).toBe(join(root, 'own.mjs'));
  });

  test('is that of the nearest package of a name', () => {
    listing('node_modules/faces', 'faces', { smile: './smile.mjs' }, '1.0.0');
    listing('deep/node_modules/faces', 'faces', { smile: './smile.mjs' }, '2.0.0');
    expect(findListed('smile', join(root, 'deep'))).toContain('deep/node_modules');
    expect(findListed('smile', root)).not.toContain('deep');
    const named = analyzer('smile', { root: 'deep' });
    return expect(pipeline(video('a.mp4')).use(named).explain()).resolves.toMatchObject({
      modules: [{ name: 'smile', kind: 'js' }],
    });
  });

  test('that is not there may be disabled, or have its root in the configuration', async () => {
    listing('deep/node_modules/faces', 'faces', { 'face.smile': './smile.mjs' });
    const using = (settings: object) =>
      pipeline(video('a.mp4'))
        .use(analyzer('face.smile'))
        .options({ modules: { smile: settings } })
        .explain();
    expect((await using({ enabled: false })).disabled).toEqual([{ name: 'smile', why: 'options' }]);
    expect((await using({ root: 'deep' })).modules).toMatchObject([{ name: 'smile' }]);
    await expect(using({ stride: 2 })).rejects.toThrow("No package lists an analyzer 'face.smile'");
  });

  test('that two packages list is refused, with both named', () => {
    listing('node_modules/one', 'one', { smile: './smile.mjs' }, '1.0.0');
    listing('node_modules/@two/it', '@two/it', { smile: './other.mjs' }, '2.0.0');
    const { code, message } = failure(() => findListed('smile', root));
    expect(code).toBe('MODULE_UNUSABLE');
    expect(message).toContain(`@two/it 2.0.0 (${root}/node_modules/@two/it/other.mjs)`);
    expect(message).toContain(`one 1.0.0 (${root}/node_modules/one/smile.mjs)`);
  });

  test('that no package lists is refused, with similar names', async () => {
    listing('node_modules/faces', 'faces', { 'face.smile': './smile.mjs', 'face.age': './age.mjs', motion: './m.mjs' });
    const start = pipeline(video('a.mp4')).use(analyzer('face.smlie')).start();
    await expect(start).rejects.toMatchObject({
      code: 'MODULE_UNUSABLE',
      message: expect.stringMatching(/'face\.smlie' \(.*\); did you mean 'face\.smile'\?$/),
      hint: expect.stringContaining('framepath modules'),
    });
    expect(failure(() => findListed('zzzzzz', root)).message).toMatch(/listed are: face\.age, face\.smile, motion$/);
  });

  test.each([
    [{ a: 5 }, 'its file is not a string'],
    [{ a: '../../elsewhere.mjs' }, 'outside of the package'],
    [{ a: './gone.mjs' }, 'gone.mjs is not there'],
    [{ a: './a.wasm' }, 'neither JavaScript nor Python'],
  ])('with an invalid entry in a package is refused with the reason: %j', (analyzers, why) => {
    listing('node_modules/faces', 'faces', analyzers);
    expect(failure(() => findListed('a', root))).toMatchObject({
      code: 'MODULE_UNUSABLE',
      message: expect.stringMatching(new RegExp(`'a' of faces 1.0.0 cannot be used: .*${why}`)),
    });
  });

  test('a package.json that is damaged is named', () => {
    mkdirSync(join(root, 'node_modules/broken'), { recursive: true });
    writeFileSync(join(root, 'node_modules/broken/package.json'), '{');
    expect(failure(() => findListed('a', root)).message).toContain('node_modules/broken/package.json cannot be read');
  });

  test('is what a string is that is no path', async () => {
    writeFileSync(join(root, 'plain.mjs'), "export const x = { name: 'plain', analyze: () => 1 };");
    for (const path of ['plain.mjs', './plain.mjs', join(root, 'plain.mjs'), `file://${root}/plain.mjs`])
      expect((await pipeline(video('a.mp4')).use(analyzer(path)).explain()).modules[0]!.name).toBe('plain');
    await expect(pipeline(video('a.mp4')).use(analyzer('./none')).explain()).rejects.toThrow('cannot be loaded');
    await expect(pipeline(video('a.mp4')).use(analyzer('plain')).explain()).rejects.toThrow('No package lists');
  });
});

describe('framepath modules', () => {
  async function modules(...args: string[]): Promise<string> {
    let output = '';
    const terminal = { out: (text: string) => (output += text), err: () => {}, interactive: false, columns: 80 };
    const code = await main(['modules', ...args], { ...terminal, onInterrupt: () => () => undefined } as never);
    return `${code}\n${output}`;
  }

  test('lists them with package, language and file', async () => {
    listing('.', 'app', { own: './own.mjs' });
    listing('node_modules/faces', 'faces', { 'face.smile': './smile.mjs', mood: './mood.py', gone: './gone.js' });
    const text = await modules();
    expect(text).toMatch(/^0\nname +package +language +file\n/);
    expect(text).toMatch(/own +app 1\.0\.0 +JavaScript +\/.*\/own\.mjs\n/);
    expect(text).toMatch(/mood +faces 1\.0\.0 +Python +\/.*\/mood\.py\n/);
    expect(text).toMatch(/gone +faces 1\.0\.0 +- +cannot be used: .*gone\.js is not there\n/);
    const { analyzers, conflicts } = JSON.parse((await modules('--json')).slice(2));
    expect(analyzers.map(({ name }: { name: string }) => name)).toEqual(['own', 'face.smile', 'gone', 'mood']);
    expect(conflicts).toEqual([]);
  });

  test('lists those that cannot share a process', async () => {
    for (const [at, version] of [
      ['one', '1.0.0'],
      ['two', '2.0.0'],
    ]) {
      listing(`node_modules/${at}`, at!, { [at!]: './x.mjs' });
      writeFileSync(
        join(root, `node_modules/${at}/x.mjs`),
        "import 'thing'; export const x = { name: 'x', analyze() {} };",
      );
      const thing = join(root, `node_modules/${at}/node_modules/thing`);
      mkdirSync(thing, { recursive: true });
      writeFileSync(join(thing, 'package.json'), JSON.stringify({ name: 'thing', version, gypfile: true }));
    }
    expect(await modules()).toContain("'two' would load thing 2.0.0");
    expect(JSON.parse((await modules('--json')).slice(2)).conflicts).toHaveLength(1);
  });

  test('shows a sentence when there are none', async () => {
    expect(await modules()).toBe('0\nNo package here lists an analyzer.\n');
  });
});
