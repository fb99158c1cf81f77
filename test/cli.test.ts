/** The command line, in this process and on the real addon. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { outputLines, sourceLines } from '../src/cli/summary.js';
import type { Report } from '../src/index.js';
import { framepath } from './command-line.js';
import { scratch, tinyClip, tinyDetector, tinyEmbedder, watchRuns } from './tiny.js';

const folder = scratch('cli');
const at = (name: string) => join(folder, name);
const clip = tinyClip(at('clip.mp4'));
const short = tinyClip(at('short.mp4'), { frames: 2 });
const model = tinyDetector(folder);
const embedder = tinyEmbedder(folder);
const runs = watchRuns();
afterAll(() => runs.stop());
beforeEach(() => runs.specs.splice(0));

const run = (...args: string[]) => framepath(['run', ...args, '--detect', model, '--embed', embedder]);
const spec = () => runs.spec;
const composition = () => spec().compositions![0]!;

describe('bad usage exits 2 with the usage', () => {
  test.each([
    [[], 'Usage: framepath <command>'],
    [['fly'], "there is no command 'fly'"],
    [['help', 'fly'], "there is no command 'fly'"],
    [['run'], 'Expected at least one source'],
    [['run', 'a.mp4', '--stride', '-1'], 'written --stride=VALUE'],
    [['run', 'a.mp4', '--speed', '3'], "Unknown option '--speed'"],
    [['run', 'a.mp4', '--stride', '0'], "Expected an integer of at least 1 for --stride but received '0'"],
    [['run', 'a.mp4', '--stride', '1.5'], '--stride'],
    [
      ['run', 'a.mp4', '--layout', 'circle', '--out', 'o.mp4'],
      "Expected one of split, grid, focus, none for --layout but received 'circle'",
    ],
    [['run', 'a.mp4', '--layout', 'grid'], '--layout grid needs --out'],
    [['run', 'a.mp4', '--boxes'], '--boxes needs --out'],
    [['run', 'a.mp4', 'b.mp4', '--layout', 'none', '--out', 'o.mp4'], '--layout none with --out takes one source'],
    [['run', 'a', 'b', 'c', '--layout', 'split', '--out', 'o.mp4'], '--layout split takes one or two sources'],
    [['run', 'a.mp4', '--audio', '1', '--out', 'o.mp4'], 'a source from 0 to 0'],
    [['run', 'a.mp4', '--from', '10', '--to', '5'], 'Expected --to to be after --from'],
    [['run', 'a.mp4', '--device', 'gpu'], 'Expected auto, cpu or cuda:N'],
    [['run', 'a.mp4', '--decoder', 'nvdec'], 'Expected one of auto, software, hardware for --decoder'],
    [['run', 'a.mp4', '--bitrate', 'fast', '--out', 'o.mp4'], 'such as 800k, 2M or a range'],
    [['run', 'a.mp4', '--bitrate', '6M-1M', '--out', 'o.mp4'], "but received '6M-1M'"],
    [['run', 'a.mp4', '--bitrate', '1M-2M-3M', '--out', 'o.mp4'], '--bitrate'],
    [['run', 'a.mp4', '--bitrate', '500', '--out', 'o.mp4'], '1000 to 1e9'],
    [['run', 'a.mp4', '--bitrate', '2M'], '--bitrate needs --out'],
    [['run', 'a.mp4', '--results', ''], 'Expected a value for --results'],
    [['run', 'a.mp4', '--detect-facts', 'yolo'], "key=value,key=value for --detect-facts but received 'yolo'"],
    [['run', 'a.mp4', '--out', 'o.mp4', '--encode', 'latencie=low'], "did you mean 'latency'"],
    [['run', 'a.mp4', '--out', 'o.mp4', '--encode', 'bFrames=x'], "for --encode.bFrames but received 'x'"],
    [['run', 'a.mp4', '--encode', 'realtime=true'], '--encode needs --out'],
    [['run', 'a.mp4', '--detect-facts', 'size=640'], 'Expected an array of 2 for --detect-facts.size'],
    [['run', 'a.mp4', '--detect-facts', 'mean=a:b'], "for --detect-facts.mean[0] but received 'a'"],
    [['run', 'a.mp4', '--detect-facts', 'metric=l2'], "for --detect-facts but received 'metric'"],
    [['run', 'a.mp4', '--embed-facts', '{"metric":'], 'Expected JSON for --embed-facts'],
    [['run', 'a.mp4', '--embed-facts', 'metric=dot'], "one of l2, cosine for --embed-facts.metric but received 'dot'"],
    [['run', 'a.mp4', '--embed', 'none', '--embed-facts', 'metric=l2'], '--embed-facts needs an embedding model'],
    [['run', 'a.mp4', '--embed', 'none', '--timeline', 't.json'], '--timeline needs identities'],
    [['run', 'a.mp4', '--redact-ahead', '500'], '--redact-ahead needs --redact'],
    [['probe'], 'Expected a source'],
    [['models', 'destroy'], "Expected list, inspect, fix, add or convert but received 'destroy'"],
    [['models', 'inspect'], 'Expected the name or path of a model'],
    [['doctor', 'me'], 'Expected no argument'],
    [['plan'], 'Expected --streams'],
    [['plan', '--streams', '4', '--fps', '25'], 'Expected --latency'],
    [['plan', '--streams', '0', '--fps', '25', '--latency', '100'], '--streams'],
    [['plan', '--streams', '4', '--fps', 'x', '--latency', '100'], "a number above 0 for --fps but received 'x'"],
    [['plan', '--streams', '4', '--fps', '25', '--latency', '100', '--height', '721'], 'an even number'],
    [['plan', '--streams', '4', '--fps', '25', '--latency', '100', '--encode', 'best'], 'realtime, streaming'],
    [
      ['plan', '--streams', '4', '--fps', '25', '--latency', '9', '--clip', 'a', '--height', '720'],
      'that of the --clip',
    ],
    [['plan', '--streams', '4', '--fps', '25', '--latency', '9', '--clip', 'http://a/b'], 'a file for --clip'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await framepath(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).toContain('Usage: framepath');
    expect(runs.specs).toHaveLength(0);
  });
});

test('bad usage with --json is an error in JSON too', async () => {
  const { code, out } = await framepath(['run', 'a.mp4', '--layout', 'circle', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
});

describe('help and version', () => {
  test('are printed and exit 0', async () => {
    expect((await framepath(['--help'])).out).toContain('doctor');
    expect(await framepath(['run', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--contact-sheet FILE.jpg'),
    });
    expect((await framepath(['help', 'probe'])).out).toContain('Usage: framepath probe');
    expect((await framepath(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('run', () => {
  test('takes facts about models, as pairs or as JSON', async () => {
    const detected = 'head=yolo,size=640x480,mean=104:117:123,scale=1/255,labels=cat:dog,scoreThreshold=0.3';
    const embedded = '{ "metric": "cosine", "threshold": 0.4, "scale": [0.0078125] }';
    await run(clip, '--detect-facts', detected, '--embed-facts', embedded); // the models here are others: it cannot start
    const [faces, , people] = spec().modules as unknown as Record<string, object>[];
    expect(faces!.model).toMatchObject({
      head: 'yolo',
      size: [640, 480],
      mean: [104, 117, 123],
      scale: [1 / 255],
      labels: ['cat', 'dog'],
      scoreThreshold: 0.3,
    });
    expect(people).toMatchObject({ metric: 'cosine', threshold: 0.4, model: { scale: [0.0078125] } });
    expect(people!.model).not.toHaveProperty('metric');
  });

  test('hides a face before it is found, for the time given', async () => {
    await run(clip, '--out', join(folder, 'look-ahead.mp4'), '--redact', 'blur', '--redact-ahead', '400');
    expect(composition().layout.redact).toMatchObject({ module: 'faces', kind: 'blur', lookAheadMs: 400 });
    await run(clip, '--out', join(folder, 'usual.mp4'), '--redact', 'blur');
    expect(JSON.parse(JSON.stringify(composition().layout.redact))).not.toHaveProperty('lookAheadMs');
  });

  test('analyses without composing when there is no --out', async () => {
    const { code, out } = await run(clip);
    expect(code).toBe(0);
    expect(spec().modules.map(({ name, kind }) => `${name}:${kind}`)).toEqual([
      'faces:detect',
      'tracks:track',
      'people:identify',
    ]);
    expect(spec().compositions).toEqual([]);
    expect(out).toContain('service p50');
    expect(out).toContain('10 frames in ');
    expect(out).toContain('People found: 2');
  });

  test.each([
    [1, 'focus', [64, 64]],
    [2, 'split', [1920, 1080]],
    [3, 'grid', [1920, 1080]],
  ])('chooses a layout by the number of sources: %i', async (sources, kind, [width, height]) => {
    const clips = Array.from({ length: sources }, () => short);
    expect((await run(...clips, '--out', at('o.mp4'), '--profile', 'realtime')).code).toBe(0);
    expect(composition().layout).toMatchObject({ kind, width, height });
    expect(JSON.parse((await framepath(['probe', at('o.mp4'), '--json'])).out)).toMatchObject({ width, height });
  });

  test('split follows the main person of each source, or two people of one', async () => {
    const tiles = () => composition().layout.tiles.map(({ source, follow }) => [source, follow?.module, follow?.pick]);
    const out = ['--out', at('o.mp4'), '--profile', 'realtime'];
    await run(short, short, ...out);
    expect(tiles()).toEqual([
      [0, 'people', 'main'],
      [1, 'people', 'main'],
    ]);
    await framepath(['run', short, '--detect', model, '--embed', 'none', '--layout', 'split', ...out]);
    expect(tiles()).toEqual([
      [0, 'tracks', 'main'],
      [0, 'tracks', 'main'],
    ]);
  });

  test('hands every option on', async () => {
    const encoding = ['--out', at('o.mkv'), '--codec', 'hevc', '--profile', 'realtime', '--audio', '1'];
    const drawing = ['--boxes', '--redact', 'blur'];
    const reading = ['--stride', '3', '--from', '100', '--to', '250', '--decoder', 'software'];
    const { code } = await run(clip, clip, ...encoding, ...drawing, ...reading, '--device', 'cpu', '--reid', 'always');
    expect(code).toBe(0);
    const { sources, device, modules } = spec();
    const { layout, outputs } = composition();
    expect(sources[1]).toMatchObject({ uri: clip, stride: 3, startMs: 100, endMs: 250, decoder: 'software' });
    expect(outputs[0]).toMatchObject({ path: at('o.mkv'), codec: 'hevc', profile: 'realtime', audioSource: 1 });
    expect(layout).toMatchObject({ draw: { boxes: 'people' }, redact: { module: 'faces', kind: 'blur' } });
    expect(device).toBe('cpu');
    expect(modules[2]).toMatchObject({ reid: 'always' });
    expect(JSON.parse((await framepath(['probe', at('o.mkv'), '--json'])).out)).toMatchObject({ codec: 'hevc' });
  });

  test.each([
    ['800k', { bitrate: 800_000 }],
    ['1.5M', { bitrate: 1_500_000 }],
    ['2000000', { bitrate: 2_000_000 }],
    ['500k-6M', { minBitrate: 500_000, bitrate: 6_000_000 }],
  ])('--bitrate %s', async (text, output) => {
    expect((await run(short, '--out', at('o.mp4'), '--bitrate', text)).code).toBe(0);
    expect(composition().outputs[0]).toMatchObject(output);
  });

  test('--encode takes every other option of encode()', async () => {
    const options =
      'latency=low,keyframeIntervalMs=400,fragmentMs=500,realtime=true,reconnect=Infinity,width=32,required=true';
    expect((await run(short, '--out', at('o.mp4'), '--encode', options)).code).toBe(0);
    expect(composition().outputs[0]).toMatchObject({
      ...{ latency: 'low', keyframeIntervalMs: 400, fragmentMs: 500, realtime: true, reconnect: -1, width: 32 },
      required: true,
    });
  });

  test('writes its files and names them', async () => {
    const files = [
      '--results',
      at('r.jsonl'),
      '--timeline',
      at('t.json'),
      '--mot',
      at('m.txt'),
      '--report',
      at('p.json'),
    ];
    const composed = ['--out', at('files.mp4'), '--profile', 'realtime', '--contact-sheet', at('c.jpg')];
    const { code, out } = await run(clip, clip, ...files, ...composed);
    expect(code).toBe(0);
    for (const name of ['r.jsonl', 't.json', 'm.0.txt', 'm.1.txt', 'p.json', 'c.jpg', 'files.mp4']) {
      expect(existsSync(at(name)), name).toBe(true);
      expect(out).toContain(at(name));
    }
    expect(out).toMatch(/files\.mp4 \(h264, 10 frames, \d+\.\d\d Mbit\/s\)/);
    expect(readFileSync(at('r.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2 * 10 + 1);
  });

  test('--json writes the report and nothing else', async () => {
    const { code, out } = await run(clip, '--json');
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(out))).toEqual(
      expect.arrayContaining(['device', 'wallMs', 'sources', 'stages', 'outputs', 'live']),
    );
  });

  test('a failure exits 1 with code and hint', async () => {
    const { code, out, err } = await run(at('none.mp4'), '--json');
    expect(code).toBe(1);
    expect(err).toMatch(/^framepath: SOURCE_NOT_FOUND: .*none\.mp4.*\n {2}Check the path\.\n/);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'SOURCE_NOT_FOUND', message: expect.stringContaining('none.mp4'), hint: 'Check the path.' },
    });
  });

  test('a failure in mid-run exits 1', async () => {
    const white = tinyClip(at('white.mp4'), { color: 'white' });
    const args = ['run', white, '--detect', tinyDetector(folder, true), '--embed', 'none'];
    expect(await framepath(args)).toMatchObject({ code: 1, err: expect.stringContaining('INFERENCE_FAILED') });
  });

  test('pictures that could not be decoded are reported', async () => {
    const damaged = at('damaged.mp4');
    const bytes = readFileSync(clip);
    const end = bytes.indexOf('moov') - 4;
    bytes.fill(0, end - 40, end); // the last pictures
    writeFileSync(damaged, bytes);
    const { code, out } = await run(damaged);
    expect(code).toBe(0);
    expect(out).toMatch(/source 0: \d+ damaged or missing pictures left out/);
  });

  test('an interrupt finishes the files and exits 1', async () => {
    const long = tinyClip(at('long.mp4'), { frames: 1500 });
    const results = at('interrupted.jsonl');
    const args = ['run', long, '--detect', model, '--embed', embedder, '--results', results];
    let listeners = 0; // the first is for the start, the second for the run
    const { code, out, err } = await framepath(args, (stop) => ++listeners === 2 && setTimeout(stop, 20));
    expect(code).toBe(1);
    expect(err).toContain('Stopping');
    expect(out).toContain(results);
    const lines = readFileSync(results, 'utf8').trim().split('\n');
    expect(lines.at(-1)).toContain('relink');
    expect(lines.length).toBeLessThan(1500);
  });
});

describe('the summary of a run', () => {
  const output = {
    composition: '0',
    path: '',
    codec: 'h264',
    dynamicRange: 'sdr' as const,
    width: 64,
    height: 64,
    dropped: 0,
    latencyMs: { p50: 0, p95: 0, p99: 0, max: 0, sum: 0, octaves: [] },
    frames: 20,
    durationMs: 800,
    bytes: 1,
    connection: 'none' as const,
    reconnects: 0,
    lost: 0,
    complete: true,
    hasAudio: false,
    silence: [],
  };

  test('names outputs with the bitrate they came to', () => {
    const target = { min: 1e6, mean: 2e6, max: 3.5e6 };
    const text = outputLines(
      {
        outputs: [
          { ...output, name: 'o.mp4', bitrate: { control: 'adaptive', mean: 2_310_000, target, complexity: 0.5 } },
          { ...output, name: 'p.mp4', bitrate: { control: 'quality', mean: 812_345, target: null, complexity: null } },
        ],
      },
      [],
    );
    expect(text).toContain('o.mp4 (h264, 20 frames, 2.31 Mbit/s, target 1.00 to 3.50)');
    expect(text).toContain('p.mp4 (h264, 20 frames, 0.81 Mbit/s)');
  });

  test('lists sources that failed and frames that were dropped', () => {
    const error = { code: 'SOURCE_FAILED', message: 'cut' };
    const sources = [{ id: '0', delivered: 20, dropped: { queue: 2 }, decodeErrors: 0, error }];
    const text = sourceLines({ sources, wallMs: 1000, recoveries: [] } as unknown as Report);
    expect(text).toContain('source 0: SOURCE_FAILED: cut');
    expect(text).toContain('source 0: 2 frames dropped (queue)');
  });
});

describe('probe', () => {
  test('shows the facts of a source', async () => {
    const { code, out } = await framepath(['probe', clip]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /clip\.mp4\n {2}video in mov\S*\n {2}h264 yuv420p, 64x64, 25 frames\/s\n {2}0\.40 s, about 10 frames, \d+ bytes\n$/,
    );
  });

  test('--json writes the result of the library', async () => {
    const info = { kind: 'video', codec: 'h264', pixelFormat: 'yuv420p', width: 64, height: 64, fps: 25, audio: [] };
    expect(JSON.parse((await framepath(['probe', clip, '--json'])).out)).toMatchObject(info);
  });

  test('of nothing exits 1', async () => {
    expect(await framepath(['probe', 'none.mp4'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('SOURCE_NOT_FOUND'),
    });
  });
});

describe('run --explain', () => {
  test('shows the plan with reasons, draws it, and runs nothing', async () => {
    const [dot, mermaid] = [join(folder, 'graph.dot'), join(folder, 'graph.mmd')];
    const files = ['--dot', dot, '--mermaid', mermaid];
    const { code, out } = await framepath([
      'run',
      'a.mp4',
      '--detect',
      model,
      '--embed',
      'none',
      '--device',
      'cpu',
      ...files,
    ]);
    expect(code).toBe(0);
    expect(out).toContain('device: cpu (options)');
    expect(out).toMatch(/faces: detect .*\n {2}reads {4}pixels\n {2}runs on {2}cpu \(options\)\n {2}takes {4}up to 1/);
    expect(out.indexOf('faces:')).toBeLessThan(out.indexOf('tracks: track'));
    expect(readFileSync(dot, 'utf8')).toContain('"module faces" -> "module tracks" [style=dashed];');
    expect(readFileSync(mermaid, 'utf8')).toMatch(/^flowchart LR\n[\s\S]*"tracks<br>track/);
    expect(runs.specs).toEqual([]);
  });

  test('--json writes it with stable keys', async () => {
    const { out } = await framepath(['run', 'a.mp4', '--detect', model, '--embed', 'none', '--explain', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      device: { value: 'cpu' },
      sources: [{ id: '0', what: expect.stringContaining('a.mp4') }],
      modules: [
        { name: 'faces', kind: 'detect', depends: [], maxBatch: { value: 1 }, model: { provider: 'cpu' } },
        { name: 'tracks', kind: 'track', depends: ['faces'], stateful: true },
      ],
    });
  });

  test('a drawing is not written over a source, a model or the other drawing', async () => {
    const source = join(folder, 'source.mp4');
    const drawing = join(folder, 'one.mmd');
    writeFileSync(source, 'pictures');
    for (const files of [
      ['--mermaid', source],
      ['--dot', model],
      ['--mermaid', drawing, '--dot', drawing],
    ]) {
      const args = ['run', source, '--detect', model, '--embed', 'none', ...files];
      expect(await framepath(args)).toMatchObject({ code: 1, err: expect.stringContaining('INVALID_ARGUMENT') });
    }
    expect(readFileSync(source, 'utf8')).toBe('pictures');
    expect(existsSync(drawing)).toBe(false);
  });

  test('a drawing that cannot be written is an error', async () => {
    const args = ['run', 'a.mp4', '--detect', model, '--embed', 'none', '--mermaid', '/nowhere/graph.mmd'];
    expect(await framepath(args)).toMatchObject({ code: 1, err: expect.stringContaining('OUTPUT_UNWRITABLE') });
  });
});

describe('progress', () => {
  const progress = { state: 'running', sources: [], frames: 450, total: 900, fps: 87.4, etaMs: 5200 };

  test('is a bar with an estimate that fits the terminal', async () => {
    const { bar } = await import('../src/cli/progress-line.js');
    expect(bar(progress, 80)).toMatch(/^█+░+ {2}50 % {2}450\/900 frames, 87 frames\/s, 6 s left$/);
    for (const columns of [10, 40, 60, 200]) expect(bar(progress, columns).length).toBeLessThan(columns);
  });

  test('of an unknown length has no bar', async () => {
    const { bar, duration } = await import('../src/cli/progress-line.js');
    expect(bar({ ...progress, total: 0, etaMs: 0 }, 80)).toBe('450 frames, 87 frames/s');
    expect([duration(999), duration(61_000), duration(7_500_000)]).toEqual(['1 s', '1 min 1 s', '2 h 5 min']);
  });
});
