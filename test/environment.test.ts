/** FRAMEPATH_* variables: every one that is read is in the table, and an unknown one causes a warning. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isVariable, variables, warnOfUnknownVariables } from '../src/environment.js';

const root = join(import.meta.dirname, '..');

test('every variable that the code reads is in the table', () => {
  const read = new Set<string>();
  for (const folder of ['src', 'native', 'bench', 'python', 'scripts', 'test'])
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.([mc]?[jt]s|cc|h|py|sh)$/.test(name) || name === 'environment.test.ts') continue;
      const text = readFileSync(join(root, folder, name), 'utf8');
      for (const [, one] of text.matchAll(
        /(?:env\.|getenv\("|environ(?:ment)?[[(.]+(?:get\()?["']|take\(')(FRAMEPATH_\w+)/g,
      ))
        read.add(one!);
    }
  expect(read.size).toBeGreaterThan(20);
  expect([...read].filter((name) => !isVariable(name))).toEqual([]);
  expect(Object.keys(variables).filter((name) => !read.has(name))).toEqual([]);
});

test('docs/install.md lists them', () => {
  const listed = readFileSync(join(root, 'docs/install.md'), 'utf8').matchAll(/^\| `(FRAMEPATH_\w+)` \| (.+) \|$/gm);
  expect(Object.fromEntries([...listed].map(([, name, what]) => [name, what]))).toEqual(variables);
});

test('an unknown variable is reported once, with a similar name', () => {
  const warnings: string[] = [];
  const env = { FRAMEPATH_DEVCIE: 'cpu', FRAMEPATH_SIM_ANY: '1', FRAMEPATH_MODELS: '/m', OTHER: '1' };
  for (let i = 0; i < 2; i++) warnOfUnknownVariables(env, (sentence) => warnings.push(sentence));
  expect(warnings).toEqual([
    "There is no variable FRAMEPATH_DEVCIE: it changes nothing; did you mean 'FRAMEPATH_DEVICE'?",
  ]);
});

const node = (...args: string[]) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, FRAMEPATH_DEVCIE: 'cpu' },
  });

test('the command line warns on stderr', () => {
  const { stdout, stderr } = node('lib/cli.js', 'models', '--json');
  expect(stderr).toMatch(/^framepath: warning: There is no variable FRAMEPATH_DEVCIE.*\n$/);
  expect(JSON.parse(stdout)).toBeInstanceOf(Array);
});

test('the library emits a warning of the process', () => {
  const load = "import { pipeline } from './lib/index.js'; const run = await pipeline().start(); await run.close();";
  const { stderr } = node(
    '--input-type=module',
    '-e',
    `${load}${load.slice(load.indexOf('const')).replaceAll('run', 'again')}`,
  );
  expect(
    stderr.match(/\[FRAMEPATH_UNKNOWN_VARIABLE\] FramepathWarning: There is no variable FRAMEPATH_DEVCIE/g),
  ).toHaveLength(1);
});
