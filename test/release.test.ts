/** What is published: its binaries, licences, names and texts, as far as they can be seen without building it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parts } from '../scripts/bundle/build.mjs';
import { pins } from '../scripts/bundle/fetch.mjs';
import { configureLine } from '../scripts/bundle/ffmpeg.mjs';
import { sourceText } from '../scripts/bundle/licences.mjs';
import { searchPaths } from '../scripts/bundle/toolchain.mjs';
import { lacking } from '../scripts/install/roots.mjs';
import { stageRuntime } from '../scripts/release/pack.mjs';
import { libavManifest, published } from '../scripts/release/packages.mjs';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'framepath-release-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cc = (...args: string[]) =>
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '/dev/null', ...args], { cwd: folder });

/** Names of our packages in the texts of a folder or file; in templates they end with the name of the platform: left out. */
function namedPackages(path: string): string[] {
  const names = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|mjs|cc|h|md)$/.test(name))
    : [''];
  return names.flatMap((name) => {
    const matches = readFileSync(join(path, name), 'utf8').matchAll(/@framepath\/[a-z0-9-]*[a-z0-9](?![a-z0-9-])/g);
    return [...matches].map(([one]) => `${one} in ${join(path, name).slice(root.length + 1)}`);
  });
}

test('errors, hints and documents name packages that are published, and no others', () => {
  const clone = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifest: Record<string, Record<string, string>> = published(clone);
  const dependencies = ['dependencies', 'optionalDependencies', 'peerDependencies'].map((kind) => manifest[kind] ?? {});
  const known = dependencies.flatMap((names) => Object.keys(names)).filter((name) => name.startsWith('@framepath/'));
  expect(known.sort()).toEqual([
    '@framepath/av-linux-x64',
    '@framepath/linux-x64',
    '@framepath/models',
    '@framepath/onnxruntime-linux-x64',
  ]);
  const named = ['src', 'native', 'schema', 'docs', 'README.md'].flatMap((path) => namedPackages(join(root, path)));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((one) => !known.includes(one.split(' ')[0]!))).toEqual([]);
});

test('where SRT is not in the bundle, documents send to the FFmpeg of the system', () => {
  const inBundle = configureLine().includes('--enable-libsrt');
  const [row] = /^\| SRT.*$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))!;
  const [outputs] = /^playlist.*`srt`.*$/m.exec(readFileSync(join(root, 'docs/outputs.md'), 'utf8'))!;
  for (const text of [row, outputs]) expect(text.includes("with the system's FFmpeg only")).toBe(!inBundle);
});

test('npm publish in a clone, whose package would have no addon, fails with the command that packs a release', () => {
  const { status, stderr } = spawnSync('npm', ['run', 'prepublishOnly'], { cwd: root, encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(stderr).toContain('npm run release:pack');
});

test('a machine that has a program or library of those it should lack is found', () => {
  const libraries = join(folder, 'libraries');
  mkdirSync(libraries);
  const holds = (...programs: string[]) =>
    spawnSync('bash', ['-ec', `${lacking(programs, 'libav*.so*', libraries)}\ntrue`]).status === 0;
  expect(holds('no-such-program', 'nor-this')).toBe(true);
  expect(holds('bash', 'no-such-program')).toBe(false);
  expect(holds('no-such-program', 'bash')).toBe(false);
  mkdirSync(join(libraries, 'deep'));
  writeFileSync(join(libraries, 'deep/libavcodec.so.59'), '');
  expect(holds('no-such-program')).toBe(false);
});

describe('licences', () => {
  test("ONNX Runtime's library comes with those of its version", () => {
    const staged = stageRuntime(join(folder, 'runtime'), 'linux-x64');
    const manifest = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8'));
    expect(readdirSync(staged).sort()).toEqual([
      'LICENSE',
      'ThirdPartyNotices.txt',
      'libonnxruntime.so.1',
      'package.json',
    ]);
    expect(manifest.files).toEqual(['libonnxruntime.so.1', 'ThirdPartyNotices.txt']); // npm adds LICENSE
    expect(readFileSync(join(staged, 'LICENSE'), 'utf8')).toMatch(
      /^MIT License\s+Copyright \(c\) Microsoft Corporation/,
    );
    expect(readFileSync(join(staged, 'ThirdPartyNotices.txt'), 'utf8')).toContain('protocolbuffers/protobuf');
  });

  test("those of FFmpeg's libraries are complete, and a text says where each source is", () => {
    const text = sourceText(parts);
    for (const name of parts) {
      const pin = pins.sources[name];
      expect(pin.texts.length, name).toBeGreaterThan(0);
      expect(text).toContain(`${name} ${pin.version}, ${pin.licence}\n  http://deb.debian.org/debian/${pin.file}\n`);
      expect(text).toContain(pin.sha256);
    }
    expect(text).toMatch(/^ {2}https:\/\/github\.com\/framepath\/framepath\/tree\/v[\d.]+\/scripts\/bundle$/m);
    expect(libavManifest('linux-x64', 'LGPL-3.0-or-later').files).toEqual(
      expect.arrayContaining(['about.json', 'SOURCE.txt', 'licences']),
    );
  });
});

describe('a published binary looks for libraries in no folder of the machine that built it', () => {
  test('one that does is found', () => {
    for (const [name, ...args] of [
      ['none.so'],
      ['runpath.so', '-Wl,-rpath,/root/cache', '-Wl,--enable-new-dtags'],
      ['rpath.so', '-Wl,-rpath,/a:/b', '-Wl,--disable-new-dtags'],
    ] as const)
      cc(...args, '-o', name);
    expect(searchPaths(join(folder, 'none.so'))).toEqual([]);
    expect(searchPaths(join(folder, 'runpath.so'))).toEqual(['/root/cache']);
    expect(searchPaths(join(folder, 'rpath.so'))).toEqual(['/a:/b']);
  });

  test('the build with a bundle of libraries makes none', () => {
    const bundle = join(folder, 'bundle');
    mkdirSync(join(bundle, 'include'), { recursive: true });
    cc('-o', join(bundle, 'libframepath-av.so.61'));
    const build = join(folder, 'build');
    const anywhere = ['ONNXRUNTIME_INCLUDE', 'CMAKE_JS_INC', 'NODE_ADDON_API_INC'].map((name) => `-D${name}=${folder}`);
    execFileSync('cmake', ['-S', root, '-B', build, '-G', 'Ninja', `-DFRAMEPATH_AV=${bundle}`, ...anywhere], {
      stdio: 'pipe',
    });
    const rules = readFileSync(join(build, 'build.ninja'), 'utf8');
    expect(rules).toContain(join(bundle, 'libframepath-av.so.61'));
    expect(rules.match(/-rpath\S*/g)).toBeNull();
  });
});
