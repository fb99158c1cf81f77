/** The packages as npm would publish them, installed elsewhere without scripts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoded, facesClip, folderFor, root } from './api/clips.js';
import { stagesIn } from './api/stage-table.js';

const platform = `${process.platform}-${process.arch}`;
const sample =
  /<!-- sample[^>]*-->\s*```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';

describe('the packed package', () => {
  const folder = folderFor('package');
  const app = join(folder, 'app');
  const installed = join(app, 'node_modules/framepath');
  let files: string[] = [];
  let modelFiles: string[] = [];

  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--no-audit', '--no-fund'], {
      cwd,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: 'pipe',
    });
  // With what is installed, not with what the tests of the clone are given.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FRAMEPATH_')));
  const node = (...args: string[]) =>
    spawnSync(process.execPath, args, {
      cwd: app,
      encoding: 'utf8',
      timeout: 180_000,
      env: { ...own, NODE_PATH: '' },
    });

  beforeAll(() => {
    // With the addon for the FFmpeg that is here: npm run test:install has the one for any machine.
    const script = join(root, 'scripts/release/pack.mjs');
    execFileSync(process.execPath, [script, '--system', '--out', folder], { cwd: root, stdio: 'pipe' });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const names = ['framepath', 'framepath-models', `framepath-${platform}`, `framepath-onnxruntime-${platform}`];
    const tarballs = names.map((name) => join(folder, `${name}-${version}.tgz`));
    const [tarball, models] = tarballs;
    const inside = (file: string) => execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n');
    files = inside(tarball!);
    modelFiles = inside(models!);
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
    npm(app, 'install', '--prefer-offline', ...tarballs);
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test('holds what it needs to run and to be built, and nothing else', () => {
    for (const wanted of [
      'lib/index.js',
      'lib/index.d.ts',
      'lib/cli.js',
      'models/blazeface.onnx',
      'models/blazeface.avx512.onnx',
      'models/face-recognition.onnx',
      'models/NOTICE',
      'native/binding/addon.cc',
      'CMakeLists.txt',
      'docs/install.md',
      'examples/README.md',
      'scripts/build.mjs',
      'LICENSE',
      'README.md',
      'node_modules/acorn/LICENSE',
    ])
      expect(files).toContain(`package/${wanted}`);
    const unwanted =
      /^package\/(build\/|prebuilds\/|node_modules\/(?!acorn\/)|test\/|src\/|packages\/|demo\/|\.ci\/|\.github\/|bench\/(peers|native|results)\/)|\.tsbuildinfo$/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
    for (const file of files.filter((name) => /^package\/lib\/.*\.js$/.test(name)))
      expect(existsSync(join(root, file.replace('package/lib', 'src').replace(/js$/, 'ts')))).toBe(true);
  });

  test('comes with the package that reads and converts models, of the same version', () => {
    for (const wanted of ['lib/index.js', 'lib/index.d.ts', 'LICENSE', 'README.md'])
      expect(modelFiles).toContain(`package/${wanted}`);
    expect(
      modelFiles.filter((file) => !/^package\/(lib\/.*\.(js|d\.ts)|LICENSE|README\.md|package\.json)$/.test(file)),
    ).toEqual([]);
    const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const models = JSON.parse(readFileSync(join(root, 'packages/models/package.json'), 'utf8'));
    expect([models.version, dependencies['@framepath/models']]).toEqual([version, version]);
    const { status, stdout } = node(join(installed, 'lib/cli.js'), 'models', 'list', '--json');
    expect([status, JSON.parse(stdout).length]).toEqual([0, 6]);
  });

  test('its bench loads without the peers', () => {
    const { status, stderr } = node(join(installed, 'lib/cli.js'), 'bench', '--only', 'nothing');
    expect([status, stderr]).toEqual([2, expect.stringContaining('Expected one of kernels, stages, A')]);
  });

  test('states where it comes from, and is refused on no platform', () => {
    const content = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect(content.repository.url).toMatch(/^git\+https:\/\/.+\.git$/);
    expect([content.homepage, content.bugs.url]).toEqual([
      expect.stringMatching(/^https:/),
      expect.stringMatching(/^https:/),
    ]);
    for (const gate of ['os', 'cpu', 'libc']) expect(content).not.toHaveProperty(gate);
  });

  test.each([[true], [false]])('in a program that is bundled, with framepath outside: %s', async (outside) => {
    const source = `import { frames, pipeline } from 'framepath';
      const run = await pipeline(frames([new Uint8Array(48)], { width: 4, height: 4 })).start();
      for await (const frame of run) console.log('frame', frame.index);
      await run.close();`;
    writeFileSync(join(app, 'bundled.js'), source);
    const bundle = await rolldown({
      input: join(app, 'bundled.js'),
      platform: 'node',
      ...(outside && { external: ['framepath'] }),
    });
    await bundle.write({ file: join(app, 'out', `bundled-${outside}.mjs`), format: 'esm', codeSplitting: false });
    const { stdout, stderr } = node(join(app, 'out', `bundled-${outside}.mjs`));
    if (outside) expect(stdout).toBe('frame 0\n');
    else expect(stderr).toMatch(/ADDON_MISSING[\s\S]*--external:framepath/);
  });

  test('needs nothing else of npm than the library that reads protobuf and the packages of the platform', () => {
    const names = readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(names).toEqual(['@bufbuild', '@framepath', 'framepath']);
    expect(readdirSync(join(app, 'node_modules/@framepath'))).toEqual([platform, 'models', `onnxruntime-${platform}`]);
    const { optionalDependencies, scripts, devDependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    expect(optionalDependencies).toHaveProperty(`@framepath/av-${platform}`);
    expect([scripts, devDependencies]).toEqual([undefined, undefined]);
  });

  test('comes with ONNX Runtime for the CPU', () => {
    const { stdout } = node(join(installed, 'lib/cli.js'), 'doctor');
    expect(stdout).toMatch(
      /ONNX Runtime: [\d.]+, \/.*@framepath\/onnxruntime-\S+\n.*GPU: npm install onnxruntime-node/,
    );
  });

  test('types and runs the sample of the README', () => {
    facesClip(join(app, 'left.mp4'), { seconds: 1 });
    facesClip(join(app, 'right.mp4'), { seconds: 1, fps: 30 });
    writeFileSync(join(app, 'sample.ts'), sample);
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      strict: true,
    };
    const program = ts.createProgram([join(app, 'sample.ts')], options);
    const problems = ts.getPreEmitDiagnostics(program).map((p) => ts.flattenDiagnosticMessageText(p.messageText, '\n'));
    expect(problems).toEqual([]);
    program.emit();
    const { status, stdout, stderr } = node('sample.js');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stagesIn(stdout)).toEqual(expect.arrayContaining(['faces', 'tracks', 'people', 'encode']));
    expect(decoded(join(app, 'out.mp4'))).toMatchObject({ frames: 30, width: 1920, height: 1080, audio: true });
  }, 240_000);

  test('its command answers', () => {
    const clip = facesClip(join(app, 'right.mp4'), { seconds: 1, fps: 30 });
    const { status, stdout } = spawnSync(join(app, 'node_modules/.bin/framepath'), ['probe', clip, '--json'], {
      cwd: app,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ width: 640, height: 360 });
  });

  test('reads an untrusted source with the reader that came along', () => {
    const clip = facesClip(join(app, 'left.mp4'), { seconds: 1 });
    const { status, stdout } = node(join(installed, 'lib/cli.js'), 'probe', clip, '--json', '--limits', 'untrusted');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ width: 640, height: 360 });
  });

  test("without the platform's package the error lists what was tried and the command that installs it", () => {
    const [there, away] = [platform, `${platform}-away`].map((name) => join(app, 'node_modules/@framepath', name));
    renameSync(there!, away!);
    try {
      const { status, stderr } = node(join(installed, 'lib/cli.js'), 'run', 'left.mp4');
      expect(status).not.toBe(0);
      expect(stderr).toContain('ADDON_MISSING');
      expect(stderr).toContain(join(installed, 'build/Release/framepath.node'));
      expect(stderr).toMatch(new RegExp(`npm install --no-save @framepath/${platform}@`));
    } finally {
      renameSync(away!, there!);
    }
  });
});
