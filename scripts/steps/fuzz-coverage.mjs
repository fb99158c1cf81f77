// Which lines the fuzz targets reach: native ones by clang's source-based coverage in a build of its own, JavaScript by V8's.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildForCoverage } from './native-build.mjs';
import { progress, root, run } from './shell.mjs';

const folder = join(root, 'build/fuzz');

/** Rows of [file, lines, covered] of these folders. */
async function nativeLines(names, folders) {
  const build = await buildForCoverage(names.map((name) => `${name}_fuzz`));
  const profiles = join(folder, 'profiles');
  rmSync(profiles, { recursive: true, force: true });
  mkdirSync(profiles, { recursive: true });
  for (const name of names) {
    progress(`${name}: every input once`);
    const inputs = ['corpus', 'seeds'].map((kind) => join(folder, kind, name));
    const regressions = join(root, 'test/fuzz/regressions', name);
    const places = [...inputs, regressions].filter((path) => existsSync(path));
    // -merge survives inputs that crash; -runs=0 reads each once.
    const env = { ...process.env, LLVM_PROFILE_FILE: join(profiles, `${name}.profraw`) };
    const { status, stderr } = spawnSync(join(build, `${name}_fuzz`), ['-runs=0', '-timeout=60', ...places], {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) progress(`${name} ended with ${status}: ${stderr.slice(-300)}`);
  }
  const merged = join(profiles, 'all.profdata');
  const raw = readdirSync(profiles).filter((name) => name.endsWith('.profraw'));
  run('llvm-profdata-14', ['merge', '-sparse', ...raw.map((name) => join(profiles, name)), '-o', merged]);
  const objects = names.flatMap((name) => ['-object', join(build, `${name}_fuzz`)]).slice(1);
  const summary = JSON.parse(run('llvm-cov-14', ['export', '-summary-only', `-instr-profile=${merged}`, ...objects]));
  return summary.data[0].files
    .map(({ filename, summary: { lines } }) => [filename.slice(root.length + 1), lines.count, lines.covered])
    .filter(([file]) => folders.some((inside) => file.startsWith(inside)));
}

/** The lines of a script that ran, by V8's block counts: the innermost range around a line counts. */
function linesOfScript(text, functions) {
  const reached = new Uint8Array(text.length).fill(1);
  const ranges = functions.flatMap((f) => f.ranges);
  ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const { startOffset, endOffset, count } of ranges) reached.fill(count ? 1 : 0, startOffset, endOffset);
  const lines = [];
  let at = 0;
  for (const line of text.split('\n')) {
    const code = line.trim();
    const isCode = code && !/^(\/\/|\/?\*|[)}\]]+[;,]?$)/.test(code);
    lines.push(isCode ? reached[at + line.length - line.trimStart().length] : undefined);
    at += line.length + 1;
  }
  return lines;
}

/** Rows of [file, lines, covered] of packages/models/lib, whose lines are those that tsc made of its src. */
function scriptLines(names, seed) {
  const covered = join(folder, 'v8');
  rmSync(covered, { recursive: true, force: true });
  for (const name of names) {
    progress(`${name}: 60 s`);
    const args = [join(root, 'test/fuzz/js', `${name}.mjs`), '--seconds', '60', '--seed', String(seed)];
    spawnSync(process.execPath, args, { env: { ...process.env, NODE_V8_COVERAGE: covered }, stdio: 'ignore' });
  }
  const files = new Map();
  for (const report of existsSync(covered) ? readdirSync(covered) : []) {
    for (const script of JSON.parse(readFileSync(join(covered, report), 'utf8')).result) {
      if (!script.url.startsWith('file:')) continue;
      const path = fileURLToPath(script.url);
      if (!path.startsWith(join(root, 'packages/models/lib/')) || !existsSync(path)) continue;
      const lines = linesOfScript(readFileSync(path, 'utf8'), script.functions);
      const before = files.get(path);
      files.set(path, before ? lines.map((ran, i) => (ran === undefined ? undefined : ran | before[i])) : lines);
    }
  }
  return [...files].map(([path, lines]) => [
    path.slice(root.length + 1),
    lines.filter((ran) => ran !== undefined).length,
    lines.filter((ran) => ran === 1).length,
  ]);
}

/** Writes a line a file and one a folder. */
export async function reportCoverage(targets, seed) {
  const named = (native) => targets.filter((target) => target.native === native).map((target) => target.name);
  const folders = ['native/media/', 'native/infer/', 'packages/models/lib/'];
  const rows = [];
  if (named(true).length) rows.push(...(await nativeLines(named(true), folders)));
  if (named(false).length) rows.push(...scriptLines(named(false), seed));
  const print = (name, lines, covered) =>
    console.log(
      `${name.padEnd(44)} ${String(lines).padStart(6)} ${String(covered).padStart(6)} ${((100 * covered) / Math.max(lines, 1)).toFixed(1).padStart(6)} %`,
    );
  console.log(`${'file'.padEnd(44)} ${'lines'.padStart(6)} ${'ran'.padStart(6)}`);
  for (const inside of folders) {
    const of = rows.filter(([file]) => file.startsWith(inside)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const row of of) print(...row);
    print(`${inside} in all`, ...[1, 2].map((i) => of.reduce((sum, row) => sum + row[i], 0)));
  }
  return 0;
}
