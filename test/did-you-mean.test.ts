/** A name that nobody has is answered with the one that was probably meant, wherever names are given. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../src/cli/main.js';
import { didYouMean, nearest } from '../src/did-you-mean.js';
import { detect, frames, identify, pipeline, split, track, video } from '../src/index.js';
import { scratch, tinyDetector } from './tiny.js';

describe('the nearest name', () => {
  test.each([
    ['peple', ['people', 'tracks', 'faces'], ['people']],
    ['Faces', ['faces', 'tracks'], ['faces']],
    ['smlie', ['smile', 'age'], ['smile']], // a swap is one edit
    ['h265', ['h264', 'hevc', 'av1'], ['h264']],
    ['a', ['b', 'c'], []], // nothing of it is left
    ['whatever', ['faces', 'tracks'], []],
    ['faces', ['faces'], []],
    ['x'.repeat(100_000), ['x'.repeat(99_999)], []],
  ])('of %s', (name, known, expected) => {
    expect(nearest(name, known)).toEqual(expected);
  });

  test('goes behind a sentence; a value that is no name has none', () => {
    expect(didYouMean('peple', ['people'])).toBe("; did you mean 'people'?");
    expect(didYouMean('bat', ['cat', 'hat'])).toBe("; did you mean 'cat' or 'hat'?");
    for (const value of [5, undefined, {}, 'zzz']) expect(didYouMean(value, ['people'])).toBe('');
  });
});

describe('is suggested', () => {
  const folder = scratch('mean');
  const model = tinyDetector(folder);
  const loose = (description: unknown) => (description as { start(): Promise<unknown> }).start();
  const refused = (call: () => unknown, meant: string) =>
    expect(Promise.resolve().then(call)).rejects.toThrow(`; did you mean '${meant}'?`);

  test('of options, codecs and profiles', async () => {
    await refused(() => video('a.mp4', { strid: 2 } as never), 'stride');
    await refused(() => pipeline(video('a.mp4')).encode('o.mp4', { codec: 'hvec' as never }), 'hevc');
    await refused(() => pipeline(video('a.mp4')).encode('o.mp4', { profile: 'balancd' as never }), 'balanced');
    await refused(() => pipeline().options({ encoderSessions: 'wiat' as never }), 'wait');
  });

  test('of modules, models and sources', async () => {
    await refused(
      () =>
        loose(
          pipeline(video('a.mp4'))
            .use(detect('faces', model))
            .use(track('tracks', { of: 'face' })),
        ),
      'faces',
    );
    await refused(() => loose(pipeline(video('a.mp4')).use(detect('faces', 'blazefcae'))), 'blazeface');
    const sources = [video('a.mp4', { id: 'door' }), video('b.mp4', { id: 'gate' })];
    await refused(
      () =>
        pipeline(...sources)
          .compose(split({ left: 'door', right: 'gate' }), { sources: ['dor', 'gate'] })
          .encode('o.mp4')
          .start(),
      'door',
    );
    await refused(
      () =>
        loose(
          pipeline(video('a.mp4'))
            .use(detect('faces', model))
            .use(identify('people', { of: 'track', model }))
            .use(track('tracks', { of: 'faces' })),
        ),
      'tracks',
    );
    const run = await pipeline(frames([], { width: 4, height: 4, id: 'door' })).start();
    await refused(() => run.remove('dor'), 'door');
    await run.close();
  });

  test.each([
    [['rnu', 'a.mp4'], 'run'],
    [['run', 'a.mp4', '--tmeline', 'x'], '--timeline'],
    [['run', 'a.mp4', '--out', 'o.mp4', '--codec', 'h265'], 'h264'],
    [['run', 'a.mp4', '--out', 'o.mp4', '--audio', 'mixx'], 'mix'],
    [['models', 'inspct', 'x'], 'inspect'],
    [['models', 'add', 'emotoin'], 'emotion'],
  ])('by the command line: %j', async (args, meant) => {
    let err = '';
    const terminal = {
      out: () => undefined,
      err: (text: string) => {
        err += text;
      },
      interactive: false,
      columns: 80,
      onInterrupt: () => () => undefined,
    };
    expect(await main(args, terminal)).toBe(2);
    expect(err).toContain(`; did you mean '${meant}'?`);
  });

  test('of analyzers that a package lists', async () => {
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'app', framepath: { analyzers: { 'face.smile': './smile.mjs' } } }),
    );
    const { findListed } = await import('../src/packages/listed-analyzers.js');
    expect(() => findListed('face.smlie', folder)).toThrow("; did you mean 'face.smile'?");
  });
});
