// node bench/readme-table.mjs [--check] [--readme FILE] [--results DIR]: writes the newest result of every machine in
// bench/results into README.md, between its two marks. --check writes nothing and exits 1 when README.md differs.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describe, machineKey, pipelineGroups, skippedParts } from './result.mjs';
import { asMarkdown, noiseLine, tableOf } from './table.mjs';

const marks = { begin: '<!-- bench:begin -->', end: '<!-- bench:end -->' };

/** The newest full result of every machine (a quick one where there is no other), newest first. */
export function newestPerMachine(results) {
  const time = (result) => Date.parse(result.date) || 0;
  const better = (a, b) => (Boolean(a.quick) === Boolean(b.quick) ? time(a) > time(b) : !a.quick);
  const newest = new Map();
  for (const result of results) {
    const key = machineKey(result);
    if (!newest.has(key) || better(result, newest.get(key))) newest.set(key, result);
  }
  return [...newest.values()].sort((a, b) => time(b) - time(a) || machineKey(a).localeCompare(machineKey(b)));
}

const titles = (result) =>
  pipelineGroups(result)
    .filter(({ title }) => title)
    .map(({ name, title }) => `${name}: ${title}.`)
    .join(' ');

function machineText(result) {
  const { machine, system, versions, date } = describe(result);
  const command = `framepath bench${result.quick ? ' --quick' : ''}`;
  const left = skippedParts(result).map(({ what, reason }) => `${what} (${reason})`);
  const parts = [
    `${machine}; ${system}; ${versions}. \`${command}\`, ${date}. ${noiseLine(result)}`,
    titles(result),
    asMarkdown(tableOf.pipelines(result)).trimEnd(),
    asMarkdown(tableOf.ratios(result)).trimEnd(),
    left.length ? `Not measured: ${left.join('; ')}.` : '',
  ];
  return parts.filter(Boolean).join('\n\n');
}

/** The text between the marks; empty without a result. */
export function readmeBlock(results) {
  const texts = newestPerMachine(results).map(machineText);
  return texts.length ? `\n${texts.join('\n\n')}\n\n` : '';
}

/** README with the block replaced; throws when it has not exactly one pair of marks. */
export function withBlock(readme, block) {
  const [before, rest, more] = readme.split(marks.begin);
  const [, after, tooMany] = rest?.split(marks.end) ?? [];
  if (after === undefined || more !== undefined || tooMany !== undefined)
    throw new Error(`README.md needs one ${marks.begin} and, after it, one ${marks.end}`);
  return `${before}${marks.begin}\n${block}${marks.end}${after}`;
}

function readResults(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

function main() {
  const root = resolve(fileURLToPath(import.meta.url), '../..');
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, readme: { type: 'string' }, results: { type: 'string' } },
  });
  const file = values.readme ?? join(root, 'README.md');
  const readme = readFileSync(file, 'utf8');
  const wanted = withBlock(readme, readmeBlock(readResults(values.results ?? join(root, 'bench/results'))));
  if (wanted === readme) return 0;
  if (values.check) {
    console.error(`${file} differs from bench/results; run: node bench/readme-table.mjs`);
    return 1;
  }
  writeFileSync(file, wanted);
  return 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main();
