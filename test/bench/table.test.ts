import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { againstText, compare } from '../../bench/against.mjs';
import { asMarkdown, asText, markdownTables, tableOf, tables, waits } from '../../bench/table.mjs';
import { fixture, paths, replaced, small } from './fixtures.js';

const lineOf = (text: string, pattern: RegExp) => text.split('\n').find((line) => pattern.test(line)) ?? '';

describe('the terminal', () => {
  test('shows a contender with everything that was measured', () => {
    const line = lineOf(asText(tableOf.pipelines(fixture('full'))), /^A +framepath {2}/);
    for (const figure of ['168 fps ±3 %', '10.7', '143 MB', '1.06 / 1.31', '14.2 ms', '90 %', '87 %'])
      expect(line).toContain(figure);
  });

  test('aligns every column', () => {
    const lines = asText(tableOf.kernels(fixture('full')))
      .split('\n')
      .slice(1);
    const rule = lines[1]!;
    const starts = [...rule.matchAll(/─+/g)].map(({ index }) => index!);
    expect(starts).toHaveLength(6);
    for (const line of [lines[0]!, ...lines.slice(2, 34)])
      for (const start of starts.slice(1)) expect(line.slice(start - 2, start), line).toBe('  ');
  });

  test('shows why a contender was skipped and which was noisy', () => {
    expect(lineOf(asText(tableOf.pipelines(fixture('partial'))), /node-av/)).toContain(
      'skipped: needs Node 22 or later',
    );
    expect(lineOf(asText(tableOf.pipelines(fixture('noisy'))), /ffmpeg-pipe/)).toMatch(/noisy; 2 processes$/);
    expect(asText(tableOf.pipelines(fixture('full')))).not.toContain('noisy');
  });

  test('leaves out columns without values', () => {
    expect(asText(tableOf.pipelines(fixture('full')))).toContain('utilisation');
    expect(asText(tableOf.pipelines(fixture('partial')))).not.toContain('utilisation');
  });

  test('gives the reason of a section that did not run', () => {
    expect(asText(tableOf.kernels(fixture('partial')))).toBe(
      'Kernels: the conformance program is not built; run: npm run setup\n',
    );
    expect(asText(tableOf.kernels({}))).toBe('Kernels: not part of this run\n');
  });

  test('distinguishes met, missed and not measured', () => {
    expect(lineOf(asText(tableOf.targets(fixture('full'))), /inflation/)).toMatch(/ no$/);
    expect(lineOf(asText(tableOf.targets(fixture('full'))), /loop delay/)).toMatch(/ yes$/);
    expect(lineOf(asText(tableOf.targets(fixture('partial'))), /inflation/)).toMatch(/ not measured$/);
    expect(lineOf(asText(tableOf.targets(fixture('partial'))), /speed/)).toMatch(/skipped: ffmpeg-pipe did not run$/);
  });

  test('shows waiting and service of the stages', () => {
    const line = lineOf(asText(waits(fixture('full').pipelines[0])), /^faces/);
    expect(line).toContain('3.37 / 12.1 / 21.6 / 33.7');
    expect(line).toContain('71 %');
  });

  test('shows the load of the machine by other processes', () => {
    expect(tables(fixture('noisy'))).toContain('took 31 % of the machine (median; 58 % at worst); 9 trials were');
    expect(tables(fixture('full'))).toContain('1 trial was repeated');
    expect(tables({})).toContain('was not measured');
  });
});

describe('Markdown', () => {
  test('has the rows of the terminal, words to the left and numbers to the right', () => {
    const [head, rule, first] = asMarkdown(tableOf.ratios(fixture('full'))).split('\n');
    expect([head, rule, first]).toEqual([
      '| pipeline | against | fps | CPU per frame |',
      '|---|---|---:|---:|',
      '| A | ffmpeg-pipe | 1.37× | 0.75× |',
    ]);
  });

  test('keeps a bar inside its cell', () => {
    const result = fixture('full');
    result.ratios[0].against = 'a|b';
    expect(asMarkdown(tableOf.ratios(result))).toContain('| a\\|b |');
  });

  test('has a heading a section', () => {
    const titles = markdownTables(fixture('partial')).match(/^## .*$/gm);
    expect(titles).toHaveLength(Object.keys(tableOf).length);
    expect(markdownTables(fixture('partial'), 4)).toContain('\n#### Kernels\n');
  });
});

test('what the suite takes from these files is there', async () => {
  const suite = readFileSync(new URL('../../bench/suite.mjs', import.meta.url), 'utf8');
  for (const file of ['table', 'against', 'page']) {
    const names = new RegExp(`import \\{ ([^}]+) \\} from './${file}\\.mjs'`).exec(suite)?.[1];
    expect(names, file).toBeTruthy();
    const given = await import(new URL(`../../bench/${file}.mjs`, import.meta.url).href);
    for (const name of names!.split(', ')) expect(given[name], `${name} of ${file}.mjs`).toBeTypeOf('function');
  }
  expect(tables(fixture('full'))).toBeTypeOf('string');
  expect(compare(fixture('full'), fixture('noisy')).text).toBe(againstText(compare(fixture('full'), fixture('noisy'))));
});

test('a stage of one case needs no name for it', () => {
  const result = fixture('full');
  result.stages = [{ ...result.stages[0], stage: 'detect', case: '' }];
  expect(compare(result, result).rows.map(({ key }) => key)).toContain('detect');
});

test('whatever is missing or strange in a result, no table has NaN, undefined or null', () => {
  const result = small(fixture('full'));
  const bad = /NaN|undefined|Infinity|\[object|null/;
  for (const path of paths(result))
    for (const value of [undefined, null, 'word', -1]) {
      const changed = replaced(result, path, value);
      const text = tables(changed) + markdownTables(changed);
      expect(text.match(bad), `${path.join('.')} = ${value}`).toBeNull();
    }
});
