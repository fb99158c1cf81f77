import { describe, expect, test } from 'vitest';
import { page } from '../../bench/page.mjs';
import { middleSpans } from '../../bench/timelines.mjs';
import { fixture, paths, type Result, replaced, small, words } from './fixtures.js';

const part = (html: string, id: string) => new RegExp(`<section id="${id}">[\\s\\S]*?</section>`).exec(html)?.[0] ?? '';

/** The widths in percent of the bars of a chart, in their order. */
function barWidths(html: string, title: string) {
  const figure = html.split('<figure').find((text) => text.includes(`<b>${title}</b>`)) ?? '';
  return [...figure.matchAll(/class="fill [^"]*" style="left:0%;width:([\d.]+)%/g)].map(([, width]) => Number(width));
}

describe('the page', () => {
  test('needs nothing but itself', () => {
    const html = page(fixture('full'), fixture('noisy'));
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/\b(src|srcset)=|<link|@import|url\(|https?:|fetch\(|import\(/);
  });

  test('names what was measured, where, when and with what', () => {
    const text = words(page(fixture('full')));
    for (const fact of ['Sample CPU @ 2.60GHz, 2 cores, 24 GiB, avx512', '2025-11-20 09:14 UTC', 'ffmpeg 5.1.9'])
      expect(text).toContain(fact);
  });

  test('links to every part it has', () => {
    const html = page(fixture('full'), fixture('noisy'));
    const links = [...html.matchAll(/<a href="#(\w+)"/g)].map(([, id]) => id);
    const sections = [...html.matchAll(/<section id="(\w+)"/g)].map(([, id]) => id);
    expect(links).toEqual(sections);
    expect(links).toContain('against');
    expect(page(fixture('full'))).not.toContain('id="against"');
  });

  test('has no two elements nor tags left open', () => {
    for (const name of ['full', 'partial', 'noisy'] as const) {
      const html = page(fixture(name)).replace(/<(style|script)[\s\S]*?<\/\1>/g, '');
      for (const tag of ['section', 'figure', 'div', 'span', 'table', 'svg', 'details', 'p', 'article', 'i', 'b'])
        expect(html.split(`</${tag}>`).length, tag).toBe(html.split(new RegExp(`<${tag}(?=[ >])`)).length);
    }
  });

  test('cannot be broken out of by a name in the result', () => {
    const result = fixture('full');
    const evil = '"><script>alert(1)</script>';
    result.machine.cpu = evil;
    result.pipelines[0].contender = evil;
    result.timelines[0].spans[0].lane = evil;
    result.timelines[0].spans[0].source = evil;
    result.scaling[0].name = evil;
    result.kernels[0].case = evil;
    expect(page(result, result).split('<script>')).toHaveLength(2);
  });
});

describe('charts', () => {
  test('every one has a title that names the better direction', () => {
    const html = page(fixture('full'));
    const figures = html.split('<figure').slice(1);
    expect(figures.length).toBeGreaterThan(15);
    for (const figure of figures)
      expect(figure).toMatch(
        /<figcaption><b>[^<]+<\/b><span class="hint">[^<]*(better|best|faster|takes less|bottleneck)/,
      );
  });

  test('bars are as long as their numbers', () => {
    const result = fixture('full');
    const [a, , , , e] = barWidths(page(result), 'Frames per second');
    expect(e! / a!).toBeCloseTo(result.pipelines[4].fps / result.pipelines[0].fps, 3);
    expect(barWidths(page(result), 'Busy share of every stage')[0]).toBe(93);
  });

  test('a stage inside a pipeline stands below itself alone, with the ratio', () => {
    const text = words(part(page(fixture('full')), 'pipelines'));
    expect(text).toMatch(/decode 1\.08× inside 6\.01 ms\s+6\.48 ms/);
  });

  test('waiting and service have their percentiles', () => {
    expect(words(page(fixture('full')))).toMatch(/faces 3\.37 \/ 12\.1 \/ 21\.6 ms service 4\.21 \/ 10\.1 \/ 16\.8 ms/);
  });

  test('a kernel has a dot an instruction set and its best figures', () => {
    const kernels = part(page(fixture('full')), 'kernels');
    expect(kernels.match(/class="dot isa\d"/g)).toHaveLength(fixture('full').kernels.length);
    expect(words(kernels)).toContain('avx512 · 0.36 ms · 10.8 GB/s');
  });

  test('a curve has a point a measurement', () => {
    const scaling = part(page(fixture('full')), 'scaling');
    const points = fixture('full').scaling.reduce((sum: number, { x }: Result) => sum + x.length, 0);
    expect(scaling.match(/<circle /g)).toHaveLength(points);
  });
});

describe('time lines', () => {
  const spans = (result: Result) => part(page(result), 'timelines').match(/<rect [^>]*data-task[^>]*>/g) ?? [];

  test('have every span, at its time and as long as it took', () => {
    const result = fixture('full');
    const given = result.timelines[0].spans;
    expect(spans(result)).toHaveLength(given.length);
    const origin = Math.min(...given.map(({ startMs }: Result) => startMs));
    const { startMs, endMs } = given[5];
    expect(spans(result)[5]).toContain(` x="${Number((startMs - origin).toFixed(3))}" `);
    expect(spans(result)[5]).toContain(` width="${Number((endMs - startMs).toFixed(3))}" `);
  });

  test('have a row a worker and a colour a source', () => {
    const result = fixture('full');
    const workers = new Set(result.timelines[0].spans.map(({ lane, worker }: Result) => `${lane} ${worker}`));
    expect(new Set(spans(result).map((span) => /y="(\d+)"/.exec(span)?.[1])).size).toBe(workers.size);
    const tones = spans(result).map(
      (span) => `${/class="(s\d)/.exec(span)?.[1]} ${/data-task="(\w+)/.exec(span)?.[1]}`,
    );
    expect([...new Set(tones)].sort()).toEqual(['s0 left', 's1 right', 's7 composed']);
  });

  test('come out of a trace: threads by their names, composed pictures of no source', () => {
    const thread = (tid: number, name: string) => ({ ph: 'M', tid, name: 'thread_name', args: { name } });
    const slice = (tid: number, name: string, ts: number, dur: number, source: string, seq: number) => {
      return { ph: 'X', tid, name, ts, dur, args: { source, seq } };
    };
    const traceEvents = [
      ...['faces', 'faces 2', 'faces 10', 'encode'].map((name, i) => thread(i + 1, name)),
      slice(4, 'encode', 0, 1000, '', 0), // before the stretch that is kept
      ...[1, 2, 3].map((tid) => slice(tid, 'faces', 60_000 + tid * 1000, 4000, 'left', tid)),
      slice(4, 'encode', 70_000, 20_000, '', 1),
    ];
    const result = { ...fixture('full'), timelines: [{ pipeline: 'A', spans: middleSpans({ traceEvents }) }] };
    const captions = spans(result).map((span) => /data-caption="([^"]*)/.exec(span)?.[1]);
    expect(captions).toEqual([
      'faces, worker 1 · frame 1 of source left · from 0 ms, took 4.00 ms',
      'faces, worker 2 · frame 2 of source left · from 1.00 ms, took 4.00 ms',
      'faces, worker 10 · frame 3 of source left · from 2.00 ms, took 4.00 ms',
      'encode · composed picture 1 · from 9.00 ms, took 20.0 ms',
    ]);
    expect(spans(result).map((span) => /y="(\d+)"/.exec(span)?.[1])).toEqual(['4', '28', '52', '76']);
  });

  test('take workers that are numbers', () => {
    const result = fixture('full');
    const span = { lane: 'faces', startMs: 0, endMs: 5, source: 0, seq: 1 };
    result.timelines[0].spans = [10, 9, 0].map((worker) => ({ ...span, worker }));
    expect(spans(result).map((rect) => /y="(\d+)"/.exec(rect)?.[1])).toEqual(['52', '28', '4']);
  });

  test('have a caption for each span', () => {
    expect(spans(fixture('full'))[1]).toMatch(
      /data-caption="faces, worker 1 · frame 120 of source left · from [\d.]+ ms, took [\d.]+ ms"/,
    );
  });
});

describe('what did not run', () => {
  test('stands in its place with its reason', () => {
    const html = page(fixture('partial'));
    expect(words(part(html, 'kernels'))).toContain('Not measured: the conformance program is not built');
    expect(words(part(html, 'timelines'))).toContain('Not measured: --quick leaves the traced run out');
    expect(words(part(html, 'pipelines'))).toContain('opencv skipped: python3 has no module named');
    expect(words(part(html, 'skipped'))).toContain('stage encode, hevc this FFmpeg has no libx265');
  });

  test('with pages of output is one short line', () => {
    const result = fixture('full');
    result.pipelines[3] = {
      name: 'A',
      contender: 'node-av',
      skipped: `it ended with 1:\n${'at some place\n'.repeat(99)}`,
    };
    const reason = /node-av skipped: (it ended[^<]*?…)/.exec(words(part(page(result), 'pipelines')))?.[1];
    expect(reason).toMatch(/^it ended with 1: at some place at/);
    expect(reason).toHaveLength(200);
  });

  test('may give its reason beside the section', () => {
    const result = { ...fixture('full'), kernels: [], kernelsSkipped: 'not asked for' };
    expect(words(part(page(result), 'kernels'))).toContain('Not measured: not asked for');
  });

  test('is nothing when everything ran', () => {
    expect(words(part(page(fixture('full')), 'skipped'))).toContain('Nothing was skipped.');
  });

  test('an empty result is a page all the same', () => {
    expect(words(page({})).match(/Not measured: not part of this run/g)).toHaveLength(8);
  });
});

test('noise is marked where it was', () => {
  expect(words(page(fixture('noisy')))).toContain('noisy machine');
  expect(words(page(fixture('noisy')))).toMatch(/framepath noisy/);
  expect(words(page(fixture('full')))).not.toContain('noisy');
});

test('a sentence ends where it ends: an empty word is not a dash', () => {
  expect(words(part(page(fixture('full')), 'noise'))).toMatch(/1 trial was repeated\. $/);
  expect(words(part(page(fixture('noisy')), 'noise'))).toMatch(/not absolute figures\. $/);
  const result = fixture('full');
  delete result.scaling[0].unit;
  expect(words(part(page(result), 'scaling'))).not.toContain('–');
});

test('the comparison shows what changed and folds the rest away', () => {
  const against = part(page(fixture('full'), fixture('noisy')), 'against');
  const [open, folded] = against.split('<details>');
  expect(open!.match(/<span class="badge good">/g)).toHaveLength(12);
  expect(folded!.match(/<tr>/g)).toHaveLength(1 + 28);
  expect(words(open!)).toContain('version of framepath differs: 0.0.9 then, 0.1.0 now');
});

test('whatever is missing or strange in a result, no part of the page has NaN, undefined or null', () => {
  const result = small(fixture('full'));
  const bad = /NaN|undefined|Infinity|\[object|null/;
  for (const path of paths(result))
    for (const value of [undefined, null, 0, -1, 'word']) {
      const html = page(replaced(result, path, value), result).replace(/<(style|script)[\s\S]*?<\/\1>/g, '');
      const at = html.search(bad);
      expect(at < 0 ? '' : html.slice(Math.max(0, at - 40), at + 40), `${path.join('.')} = ${value}`).toBe('');
    }
});
