// What one side lacks of the schema does not compile: changes of the schema, tried in a copy.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'framepath-schema-'));
  for (const name of ['schema', 'scripts/schema', 'src', 'native', 'packages', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
beforeEach(() => cpSync(join(root, 'schema'), join(copy, 'schema'), { recursive: true }));
afterAll(() => rmSync(copy, { recursive: true }));

/** What a program wrote before it failed; empty: it did not fail. */
const complaints = (program: string, args: string[]) =>
  run(program, args, { cwd: copy, maxBuffer: 1 << 26 }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
const cpp = (file: string) =>
  complaints('g++', ['-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-Inative', `native/${file}`]);
const typescript = () => complaints(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.']);

/** Changes a file of the schema, and generates. */
async function change(file: string, ...edits: [from: string, to: string][]): Promise<void> {
  const path = join(copy, 'schema', file);
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of edits) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  writeFileSync(path, text);
  expect(await complaints(process.execPath, ['scripts/schema/generate.mjs', '.'])).toBe('');
}

const reader = 'binding/spec_from_json.cc';
const other = /the schema has other fields/;

test('as it is, everything compiles, and generating again writes nothing', async () => {
  await change('source.mjs', ['take every Nth frame', 'take every Nth frame']);
  expect(await cpp(reader)).toBe('');
  expect(await cpp('generated/read_specs.cc')).toBe('');
  expect(await cpp('binding/report_json.cc')).toBe('');
  expect(await cpp('binding/record.cc')).toBe('');
  for (const file of ['native/generated/specs.h', 'native/generated/graph_enums.h', 'src/generated/specs.ts'])
    expect(readFileSync(join(copy, file), 'utf8')).toBe(readFileSync(join(root, file), 'utf8'));
});

test('a new pixel format fails both compilers, where pictures are measured and where they are made', async () => {
  await change('enums.mjs', ["    yuv420p: '',\n", "    yuv420p: '',\n    p010: '',\n"]);
  expect(await cpp(reader)).toMatch(/enumeration value .p010. not handled in switch/);
  expect(await typescript()).toMatch(/src\/source\.ts.*TS2366/);
});

test('a new way to fail does not compile where failures are decided', async () => {
  await change('enums.mjs', [
    "    fallback: 'the value of the",
    "    retryLater: '',\n    fallback: 'the value of the",
  ]);
  expect(await cpp('graph/engine_lanes.cc')).toMatch(/enumeration value .retryLater. not handled in switch/);
});

test('a new kind of module does not compile where modules are read', async () => {
  const upscale = "object('UpscaleSpec', 'Larger', { kind: constant('upscale') }, { required: ['kind'], also: [any] })";
  await change(
    'module.mjs',
    ['const kinds = [', `const upscale = ${upscale};\n\nconst kinds = [`],
    ['identify, js];', 'identify, js, upscale];'],
  );
  expect(await cpp(reader)).toMatch(/no match for call to .*UpscaleSpec/);
});

test('a new option does not compile natively until somebody decides what becomes of it', async () => {
  await change('source.mjs', [
    '  reconnect: integer({',
    "  gain: number({ min: 0, max: 4, default: 1, doc: 'gain' }),\n  reconnect: integer({",
  ]);
  expect(await cpp(reader)).toMatch(other);
  // Callers have it from here on, with its rule and its words.
  expect(await typescript()).toBe('');
  expect(readFileSync(join(copy, 'src/generated/specs.ts'), 'utf8')).toContain(
    '/** gain; default 1 */\n  gain?: number;',
  );
  expect(readFileSync(join(copy, 'src/generated/rules.ts'), 'utf8')).toContain('gain: number(0, 4),');
});

test('an option that is left to the engine does not compile until the engine decides it', async () => {
  await change('module.mjs', [
    '  maxWaitMs: number({',
    "  prefetch: integer({ min: 1, by: 'engine', absent: 'by machine', doc: 'frames asked for early' }),\n  maxWaitMs: number({",
  ]);
  const decisions = await cpp('graph/decisions.cc');
  expect(decisions).toMatch(/use of deleted function .*Decision\(\)|missing initializer for member .*prefetch/);
  expect(decisions).toContain('PolicyOpen');
  // The plan has it.
  expect(readFileSync(join(copy, 'src/generated/plan.ts'), 'utf8')).toContain('prefetch: Decision<number>;');
});

test('what must be stated fails both compilers', async () => {
  await change(
    'run.mjs',
    ['    keepPixels: flag({}),', '    keepPixels: flag({}),\n    seed: integer({ min: 0 }),'],
    ["'modules', 'keepPixels']", "'modules', 'keepPixels', 'seed']"],
  );
  expect(await cpp(reader)).toMatch(other);
  expect(await typescript()).toMatch(/src\/plan\.ts.*'seed' is missing/s);
});

test('a renamed option fails both compilers', async () => {
  await change('run.mjs', ['keptFrames:', 'framesKept:']);
  expect(await typescript()).toMatch(/keptFrames/);
  expect(await cpp(reader)).toMatch(other);
});

test('options that change places fail natively, where they are named in order', async () => {
  await change(
    'layout.mjs',
    ['zoom: number({', 'zoomBy: number({'],
    ['minHoldMs: number({', 'zoom: number({'],
    ['zoomBy: number({', 'minHoldMs: number({'],
  );
  expect(await cpp('binding/output_from_spec.cc')).toMatch(other);
});

test('an error code is one line', async () => {
  await change('errors.mjs', ['  INTERNAL:', "  TOO_DARK: { means: 'The picture is too dark.' },\n  INTERNAL:"]);
  expect(readFileSync(join(copy, 'native/generated/error_codes.h'), 'utf8')).toContain('  TOO_DARK,');
  expect(readFileSync(join(copy, 'src/generated/errors.ts'), 'utf8')).toContain('TOO_DARK:');
});

test('a new field of the report, and a new column of packed results, do not compile natively until they are stated', async () => {
  await change('report.mjs', ['  cpuMs: real(),\n  peak', '  cpuMs: real(),\n  waitMs: real(),\n  peak']);
  await change('packed.mjs', ["    marks: 'bits of TrackMark',", "    marks: 'bits of TrackMark',\n    speed: '',"]);
  expect(await cpp('binding/report_json.cc')).toMatch(/use of deleted function .*Required.*double/);
  expect(await cpp('binding/record.cc')).toMatch(/use of deleted function .*Required.*double/);
});

test('a new field of a value, and new kinds of messages, fail TypeScript where values and messages are made and read', async () => {
  await change('results.mjs', [
    "    score: number({ doc: '0 to 1' }),",
    "    score: number({ doc: '0 to 1' }),\n    area: number({}),",
  ]);
  await change(
    'messages.mjs',
    ["  message('CloseMessage',", "  message('PauseMessage', 'pause', 'Waits', {}),\n  message('CloseMessage',"],
    [
      "  message('AnswerMessage',",
      "  message('LateMessage', 'late', 'Later', { ...worked }),\n  message('AnswerMessage',",
    ],
  );
  const found = await typescript();
  expect(found).toMatch(/src\/packed\.ts.*'area' is missing/s);
  expect(found).toMatch(/src\/hosts\/serve\.ts.*PauseMessage.*'never'/s);
  expect(found).toMatch(/src\/hosts\/pool\.ts.*LateMessage.*'never'/s);
});
