/** Native code that cannot share a process: found before it is loaded, refused or isolated. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzer, detect, type FramepathError, type Isolation, pipeline, video } from '../../src/index.js';
import { hostsWork, moduleFile } from './analyzer-files.js';
import { complete, folderFor, patternClip } from './clips.js';
import { library, nativePackage, versionAnalyzer } from './native-packages.js';
import { closed } from './outcomes.js';

const folder = folderFor('conflicts');
const [one, two] = [join(folder, 'one'), join(folder, 'two')];
let clip: string;
let first: string;
let second: string;

beforeAll(() => {
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '128x96' });
  nativePackage(one, 'native-thing', '1.0.0');
  nativePackage(two, 'native-thing', '2.0.0');
  first = versionAnalyzer(one, 'first', 'native-thing');
  second = versionAnalyzer(two, 'second', 'native-thing');
});

const marks = () => (globalThis as { loaded?: string[] }).loaded ?? [];
const source = () => video(clip, { endMs: 200 });
const both = (a: Isolation | undefined, b: Isolation | undefined) =>
  pipeline(source())
    .use(analyzer(first, { name: 'first', isolation: a }))
    .use(analyzer(second, { name: 'second', isolation: b }));
const failure = (start: Promise<unknown>) =>
  start.then(
    () => undefined,
    (error: FramepathError) => error,
  );

async function valuesOf(description: ReturnType<typeof both>): Promise<unknown[]> {
  const run = await description.start();
  const seen = new Set<string>();
  for await (const frame of run) seen.add(`${frame.first} ${frame.second}`);
  await closed(run);
  return [...seen];
}

describe.skipIf(!hostsWork)('two versions of one native package', () => {
  test('really clash in one process: the second gets the library of the first', () => {
    const load = (at: string) => `require('${join(at, 'node_modules/native-thing')}').version()`;
    const loaded = execFileSync(process.execPath, ['-p', `[${load(one)}, ${load(two)}].join()`], { encoding: 'utf8' });
    expect(loaded.trim()).toBe('1.0.0,1.0.0');
  });

  test('each have their own in processes of their own', async () => {
    expect(await valuesOf(both('process', 'process'))).toEqual(['1.0.0 2.0.0']);
  });

  test.each([
    ['inline', undefined],
    ['inline', 'thread'],
    ['thread', 'inline'],
  ] as const)('are refused %s and %s, before either is loaded', async (a, b) => {
    const error = (await failure(both(a, b).start()))!;
    expect(error).toMatchObject({ code: 'MODULE_CONFLICT', module: 'second' });
    expect(error.message).toBe(
      `Module 'second' would load native-thing 2.0.0 (${two}/node_modules/native-thing) into the process in which ` +
        `module 'first' uses 1.0.0 (${one}/node_modules/native-thing)`,
    );
    expect(error.hint).toMatch(/'process'.*'auto'/);
    expect(marks()).toEqual([]);
  });

  test('are isolated by auto, with which and why', async () => {
    const description = both('auto', 'auto');
    const { modules } = await both('thread', 'auto').explain();
    expect(modules.map(({ where }) => where.value)).toEqual(['thread', 'process']);
    const reason = modules[1]!.where.from;
    expect(reason).toMatch(/^auto \(call\): Module 'second' would load native-thing 2\.0\.0 .*'first' uses 1\.0\.0/);
    // The one that has to stay comes first, wherever it stands.
    const turned = await both('auto', 'thread').explain();
    expect(turned.modules.map(({ where }) => where.value)).toEqual(['process', 'thread']);
    expect(marks()).toEqual([]);
    expect(await valuesOf(description)).toEqual(['1.0.0 2.0.0']);
    expect(marks()).toEqual(['first']);
  });

  test('clash with what the program has loaded, too', async () => {
    const require = createRequire(import.meta.url);
    expect((require(join(one, 'node_modules/native-thing')) as { version(): string }).version()).toBe('1.0.0');
    const alone = pipeline(source()).use(analyzer(second, { name: 'second' }));
    const error = (await failure(alone.start()))!;
    expect(error.code).toBe('MODULE_CONFLICT');
    expect(error.message).toContain('in which this program uses 1.0.0');
  });
});

describe.skipIf(!hostsWork)('copies of one version', () => {
  test('are no conflict, as long as they are that', async () => {
    const places = ['a', 'b'].map((name) => join(folder, `copy-${name}`));
    const [, copy] = places.map((at) => nativePackage(at, 'copied-thing', '1.0.0'));
    const [x, y] = places.map((at, i) => versionAnalyzer(at, 'xy'[i]!, 'copied-thing'));
    const using = (isolation: Isolation) =>
      pipeline(source())
        .use(analyzer(x!, { name: 'x', isolation }))
        .use(analyzer(y!, { name: 'y', isolation }));
    const content = join(copy!, 'package.json');
    const original = readFileSync(content, 'utf8');
    writeFileSync(content, original.replace('1.0.0', '1.0.1'));
    expect(await failure(using('inline').start())).toMatchObject({ code: 'MODULE_CONFLICT', module: 'y' });
    writeFileSync(content, original);
    for (const { where } of (await using('auto').explain()).modules)
      expect(where).toEqual({ value: 'main thread', from: 'auto (call): no conflict' });
  });
});

// The simulated one is another library, of the same name.
describe.skipIf(!hostsWork || !complete || process.env.FRAMEPATH_SIM_ORT_REAL)('a second ONNX Runtime', () => {
  const other = () => {
    const at = join(folder, 'runtime');
    nativePackage(at, 'onnxruntime-node', '1.17.3', 'libonnxruntime.so.1');
    return versionAnalyzer(at, 'other', 'onnxruntime-node');
  };

  test('is refused where framepath runs models, and isolated by auto', async () => {
    const using = (isolation: Isolation) =>
      pipeline(source())
        .use(detect('faces', 'blazeface'))
        .use(analyzer(other(), { name: 'other', isolation }));
    for (const isolation of ['inline', 'thread'] as const) {
      const error = (await failure(using(isolation).start()))!;
      expect(error).toMatchObject({ code: 'MODULE_CONFLICT', module: 'other' });
      expect(error.message).toMatch(
        /would load ONNX Runtime 1\.17\.3 \(.*runtime\/node_modules.*\) into the process in which framepath uses 1\.\d+\.\d+ \(/,
      );
    }
    const run = await using('auto').start();
    for await (const frame of run) expect(frame.other).toBe('1.17.3');
    await closed(run);
  });

  test('of the same file is none', async () => {
    const description = pipeline(source())
      .use(detect('faces', 'blazeface'))
      .use(analyzer(moduleFile('inference.js'), { name: 'inference', options: {} }));
    // It is loaded; its configure misses a model.
    expect(await failure(description.start())).toMatchObject({ code: 'MODULE_UNUSABLE', module: undefined });
  });
});

describe.skipIf(!hostsWork)('libraries of CUDA', () => {
  test('of two major versions are a conflict', async () => {
    const files = [11, 12].map((major) => {
      const at = join(folder, `cuda-${major}`);
      const name = `cuda-thing-${major}`;
      nativePackage(at, name, '1.0.0', `libcudart.so.${major}`);
      return versionAnalyzer(at, `on${major}`, name);
    });
    const description = pipeline(source())
      .use(analyzer(files[0]!, { name: 'on11' }))
      .use(analyzer(files[1]!, { name: 'on12' }));
    const error = (await failure(description.start()))!;
    expect(error.code).toBe('MODULE_CONFLICT');
    expect(error.message).toMatch(
      /'on12' would load libcudart\.so\.12 \(for .*addon\.node\).*'on11' uses libcudart\.so\.11/,
    );
  });

  test('have to be those of our own provider', async () => {
    const { frameworkContent, contentOf } = await import('../../src/conflicts/process-content.js');
    const { conflictBetween } = await import('../../src/conflicts/conflict.js');
    const { packageIn } = await import('../../src/packages/package-file.js');
    const at = join(folder, 'provider');
    const stub = library(at, 'libcudart.so.13', '13');
    const ours = library(at, 'libonnxruntime.so.1', '1.29.0', 'VERS_1.29.0');
    writeFileSync(
      join(at, 'empty.c'),
      'extern const char* thing_version(void); const char* f(void) { return thing_version(); }\n',
    );
    execFileSync('cc', [
      '-shared',
      '-fPIC',
      join(at, 'empty.c'),
      stub,
      '-o',
      join(at, 'libonnxruntime_providers_cuda.so'),
    ]);
    const present = (device: string) => frameworkContent({ libraries: [ours], device, providers: undefined });
    const coming = contentOf('It', [packageIn(nativePackage(at, 'cuda-thing', '1.0.0', 'libcudart.so.12'))!]);
    expect(conflictBetween(present('cuda:0'), coming)).toMatch(/libcudart\.so\.12.* framepath uses libcudart\.so\.13/);
    expect(conflictBetween(present('cpu'), coming)).toBeUndefined();
  });
});
