// The rules of docs/architecture.md about who may include, import and link whom.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { required } from './require.js';

/** Folder of native/ -> the folders it may include besides itself: CMakeLists.txt sees to that. */
const allowed: Record<string, string[]> = {
  core: [],
  kernels: ['core'],
  device: ['core', 'kernels'],
  media: ['core', 'kernels', 'device'],
  infer: ['core', 'kernels', 'device'],
  compose: ['core', 'kernels', 'device'],
  track: ['core'],
  telemetry: ['core'],
};
allowed.graph = Object.keys(allowed);
allowed.reader = ['core', 'kernels', 'device', 'media'];
allowed.bench = [...allowed.graph, 'graph'];
allowed.binding = [...allowed.bench, 'bench'];

/** Lines of code, see docs/architecture.md. */
const mostLines = { src: 9_350, api: 6_000 };

/** Third-party header -> the only folder that may see it. */
const thirdParty: [RegExp, string][] = [
  [/^lib(av|sw)\w+\//, 'media'],
  [/^onnxruntime/, 'infer'],
  [/^(napi|node_api|js_native_api)/, 'binding'],
];

interface Include {
  file: string;
  folder: string;
  header: string;
}

function sourceFiles(root: string, extensions: RegExp): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => extensions.test(file))
    .map((file) => join(root, file));
}

const includesBelow = (root: string): Include[] =>
  sourceFiles(root, /\.(h|cc|cu)$/).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map(([, header]) => ({
      file,
      folder: file.split('/')[1],
      header,
    })),
  );
const includes = includesBelow('native');

/** The files that one leads to by imports, itself among them, and what else these import. */
function reachable(entry: string): { files: Set<string>; others: Set<string> } {
  const files = new Set([entry]);
  const others = new Set<string>();
  for (const file of files)
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
      if (fileName.startsWith('.')) files.add(join(file, '..', fileName.replace(/\.js$/, '.ts')));
      else others.add(fileName);
    }
  return { files, others };
}

const describeIncludes = (wrong: Include[]) => wrong.map(({ file, header }) => `${file} includes ${header}`);

describe('native includes', () => {
  test('there are some, and every folder is known', () => {
    expect(includes.length).toBeGreaterThan(50);
    expect([...new Set(includes.map(({ folder }) => folder))].filter((folder) => !allowed[folder])).toEqual([
      'generated',
    ]);
  });

  const commands = existsSync('build/compile_commands.json')
    ? (JSON.parse(readFileSync('build/compile_commands.json', 'utf8')) as { file: string; command: string }[])
    : [];
  // Several files are compiled as one, which lies in the folder of the target.
  const targets = (folder: string) => [
    `/native/${folder}/`,
    `/${folder === 'binding' ? 'framepath' : `fp_${folder}`}.dir/`,
  ];
  const flagsOf = (folder: string) =>
    commands
      .find(({ file }) => targets(folder).some((part) => file.includes(part)) && /\.c(c|xx)$/.test(file))
      ?.command.split(' ')
      .filter((flag) => /^-[IWO]/.test(flag)) ?? [];
  const headers = [...Object.keys(allowed), 'generated'].map((folder) => [
    folder,
    readdirSync(`native/${folder}`).find((file) => file.endsWith('.h')),
  ]);

  test.runIf(required('addon', commands.length > 0))('find only what the arrows between folders allow', () => {
    const ask = headers.map(([folder, file]) => `#if __has_include("${folder}/${file}")\n${folder}\n#endif\n`).join('');
    for (const [folder, mayInclude] of Object.entries(allowed)) {
      const found = execFileSync('c++', [...flagsOf(folder), '-E', '-P', '-x', 'c++', '-'], {
        input: ask,
        encoding: 'utf8',
      });
      expect([folder, found.trim().split('\n').sort()]).toEqual([folder, [folder, 'generated', ...mayInclude].sort()]);
    }
    const wrong = '#include "media/av.h"\n';
    const args = [...flagsOf('track'), '-std=c++20', '-fsyntax-only', '-x', 'c++', '-'];
    const { status, stderr } = spawnSync('c++', args, { input: wrong, encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('media/av.h: No such file')]);
  });

  test.runIf(required('addon', commands.length > 0))('warnings are errors in every folder', () => {
    const lenient = commands.filter(({ command }) => !/ -Wall -Wextra .*-Werror=switch .*-Werror /.test(command));
    expect(lenient.map(({ file }) => file)).toEqual([]);
    for (const folder of ['/native/media/', '/bench/native/', '/test/native/', '/test/simulator/'])
      expect(commands.some(({ file }) => file.includes(folder))).toBe(true);
  });

  test('of the schema are for every folder, its readers and writers for the binding', () => {
    const wrong = includes.filter(({ folder, header }) =>
      folder === 'generated'
        ? header.includes('/') &&
          !/^(generated\/|core\/decision\.h$|binding\/(json_reader|json_writer|plan_json|required)\.h$)/.test(header)
        : /^generated\/(read_|write_|packed\.h)/.test(header) && folder !== 'binding',
    );
    expect(describeIncludes(wrong)).toEqual([]);
  });

  test('name files by their path below native/', () => {
    const wrong = includes.filter(({ header }) => header.startsWith('.'));
    expect(describeIncludes(wrong)).toEqual([]);
  });

  test('see FFmpeg in media, ONNX Runtime in infer and Node-API in binding only', () => {
    const wrong = includes.filter(({ folder, header }) =>
      thirdParty.some(([pattern, only]) => pattern.test(header) && folder !== only),
    );
    expect(describeIncludes(wrong)).toEqual([]);
  });

  test('see none of these in the native benches, but FFmpeg where we are compared with libswscale', () => {
    const benches = includesBelow('bench');
    expect(benches.length).toBeGreaterThan(10);
    const wrong = benches.filter(
      ({ file, header }) =>
        thirdParty.some(([pattern]) => pattern.test(header)) &&
        !(/^lib(avutil|swscale)\//.test(header) && /^bench\/native\/swscale(_bench\.cc$|\/)/.test(file)),
    );
    expect(describeIncludes(wrong)).toEqual([]);
  });

  test('see no CUDA header outside device/cuda*, kernels/*.cu and media/hardware*', () => {
    const wrong = includes.filter(
      ({ file, header }) =>
        /(^|\/)cuda[\w.]*\.h$|hwcontext_cuda/.test(header) &&
        !/^native\/(device\/cuda|kernels\/.*\.cu$|media\/(hardware|nvdec))/.test(file),
    );
    expect(describeIncludes(wrong)).toEqual([]);
  });
});

describe('TypeScript imports', () => {
  const sources = sourceFiles('src', /\.ts$/).map((file) => ({ file, text: readFileSync(file, 'utf8') }));

  test('name OpenTelemetry and prom-client nowhere, and metrics from nothing else', () => {
    // OpenTelemetry is asked for at the first use, by require: who wants Prometheus only does not have it.
    const named = /from '(@opentelemetry|prom-client)|import\('(@opentelemetry|prom-client)/;
    expect(sources.filter(({ text }) => named.test(text)).map(({ file }) => file)).toEqual([]);
    const users = sources.filter(
      ({ file, text }) => !file.startsWith('src/metrics/') && /from '.*\/metrics\//.test(text),
    );
    expect(users.map(({ file }) => file)).toEqual([]);
  });

  test('only addon.ts opens a .node file', () => {
    const openers = sources.filter(({ text }) => /\.node['"`]/.test(text)).map(({ file }) => file);
    expect(openers).toEqual(['src/addon.ts']);
  });

  test('packages/models imports Node.js, protobuf and itself: set-up runs it before there is an addon', () => {
    const files = sourceFiles('packages/models/src', /\.ts$/);
    const imported = files.flatMap((file) => [...reachable(file).others].map((name) => ({ file, name })));
    expect(files.length).toBeGreaterThan(20);
    expect(imported.filter(({ name }) => !/^(node:|@bufbuild\/protobuf)/.test(name))).toEqual([]);
  });

  test('nothing that a program imports, or that runs for it elsewhere, needs packages/models', () => {
    const entries = ['index', 'metrics/index', 'hosts/thread-host', 'hosts/process-host', 'providers/probe-child'];
    for (const entry of entries) {
      const { files, others } = reachable(`src/${entry}.ts`);
      expect([entry, files.has('src/errors.ts')]).toEqual([entry, true]);
      expect([entry, [...others].filter((name) => !/^(node:|acorn$)/.test(name))]).toEqual([entry, []]);
    }
    expect(reachable('src/cli.ts').others).toContain('@framepath/models');
  });
});

describe('the core stays small', () => {
  /** Lines that are neither empty nor comment, of files that somebody wrote: documentation does not count. */
  const linesOf = (files: Iterable<string>) =>
    [...files].reduce((sum, file) => {
      if (file.startsWith('src/generated/')) return sum;
      const lines = readFileSync(file, 'utf8').split('\n');
      return sum + lines.filter((line) => !/^\s*(\/\/.*|\/?\*.*)?$/.test(line)).length;
    }, 0);

  /** The sources that Node.js loads with one: static imports, of which the compiler left out types. */
  function loadedWith(entry: string): Set<string> {
    const compiled = new Set([entry]);
    for (const file of compiled)
      for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'\n]*'(\.[^']+)';$/gm))
        compiled.add(join(file, '..', name));
    return new Set([...compiled].map((file) => file.replace(/^lib\/(.*)\.js$/, 'src/$1.ts')));
  }

  test('all of src', () => {
    expect(linesOf(sourceFiles('src', /\.ts$/))).toBeLessThanOrEqual(mostLines.src);
  });

  test.runIf(required('library', existsSync('lib/index.js')))('what a program gets with an import of framepath', () => {
    const api = loadedWith('lib/index.js');
    expect(api.size).toBeGreaterThan(30);
    expect(linesOf(api)).toBeLessThanOrEqual(mostLines.api);
    expect([...api].filter((file) => /^src\/(cli|hosts|conflicts|packages)\//.test(file))).toEqual([]);
  });
});

test('every native file has a name in snake case', () => {
  const wrong = sourceFiles('native', /\.(h|cc|cu)$/).filter((file) => !/^[a-z0-9_]+\.\w+$/.test(basename(file)));
  expect(wrong).toEqual([]);
});
