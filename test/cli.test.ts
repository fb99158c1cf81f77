import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Terminal } from '../src/cli/terminal.js';
import { getMetadata, readModel } from '../src/models/onnx-proto.js';
import { fake } from './fake/addon.js';
import { scratch } from './fake/mock.js';
import { codedError } from './fake/run.js';

vi.mock('../src/addon.js', async () => (await import('./fake/addon.js')).fakeAddonModule());
const { main } = await import('../src/cli/main.js');
const { folder, model } = scratch('cli');
const info = {
  kind: 'video',
  container: 'mov',
  codec: 'h264',
  pixelFormat: 'yuv420p',
  width: 640,
  height: 360,
  fps: 25,
  audio: [],
};

beforeEach(() => {
  fake.reset({ frames: [20, 20, 20] });
  fake.probes = { 'a.mp4': { ...info, durationMs: 4000, frames: 100, bytes: 12, rotation: 0 } };
});

/** Runs a command line; `interrupt` is called when the command listens for it. */
async function framepath(args: string[], interrupt?: (stop: () => void) => void) {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    interactive: false,
    columns: 80,
    onInterrupt(stop) {
      interrupt?.(stop);
      return () => undefined;
    },
  };
  const code = await main(args, terminal);
  return { code, out, err };
}

const run = (...args: string[]) => framepath(['run', ...args, '--detect', model, '--embed', model]);

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
    expect(fake.runs).toHaveLength(0);
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
    const { code } = await run('a.mp4', '--detect-facts', detected, '--embed-facts', embedded);
    expect(code).toBe(0);
    const [faces, , people] = fake.run.spec.modules as unknown as Record<string, object>[];
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

  test('looks ahead of a face as long as it is told to', async () => {
    await run('a.mp4', '--out', 'o.mp4', '--redact', 'blur', '--redact-ahead', '400');
    expect(fake.run.spec.compose!.redact).toMatchObject({ module: 'faces', kind: 'blur', lookAheadMs: 400 });
    await run('a.mp4', '--out', 'o.mp4', '--redact', 'blur');
    expect(JSON.parse(JSON.stringify(fake.run.spec.compose!.redact))).not.toHaveProperty('lookAheadMs');
  });

  test('analyses without composing when there is no --out', async () => {
    const { code, out } = await run('a.mp4');
    expect(code).toBe(0);
    expect(fake.run.spec.modules.map(({ name, kind }) => `${name}:${kind}`)).toEqual([
      'faces:detect',
      'tracks:track',
      'people:identify',
    ]);
    expect(fake.run.spec.compose).toBeUndefined();
    expect(out).toContain('service p50');
    expect(out).toContain('People found: 1');
  });

  test.each([
    [['a.mp4'], 'focus', [640, 360]],
    [['a.mp4', 'b.mp4'], 'split', [1920, 1080]],
    [['a.mp4', 'b.mp4', 'c.mp4'], 'grid', [1920, 1080]],
  ])('chooses a layout by the number of sources: %j', async (sources, kind, [width, height]) => {
    expect((await run(...sources, '--out', join(folder, 'o.mp4'))).code).toBe(0);
    expect(fake.run.spec.compose).toMatchObject({ kind, width, height });
  });

  test('split follows the main person of each source, or two people of one', async () => {
    const tiles = () =>
      fake.run.spec.compose!.tiles.map(({ source, follow }) => [source, follow?.module, follow?.pick]);
    await run('a.mp4', 'b.mp4', '--out', 'o.mp4');
    expect(tiles()).toEqual([
      [0, 'people', 'main'],
      [1, 'people', 'main'],
    ]);
    await framepath(['run', 'a.mp4', '--detect', model, '--embed', 'none', '--layout', 'split', '--out', 'o.mp4']);
    expect(tiles()).toEqual([
      [0, 'tracks', 'main'],
      [0, 'tracks', 'main'],
    ]);
  });

  test('hands every option on', async () => {
    const out = [
      '--out',
      'o.mkv',
      '--codec',
      'hevc',
      '--profile',
      'quality',
      '--audio',
      '1',
      '--boxes',
      '--redact',
      'blur',
    ];
    await run(
      'a.mp4',
      'b.mp4',
      ...out,
      '--stride',
      '3',
      '--from',
      '100',
      '--to',
      '900',
      '--device',
      'cpu',
      '--decoder',
      'software',
      '--reid',
      'always',
    );
    const { sources, output, compose, device, modules } = fake.run.spec;
    expect(sources[1]).toMatchObject({ uri: 'b.mp4', stride: 3, startMs: 100, endMs: 900, decoder: 'software' });
    expect(output).toMatchObject({ path: 'o.mkv', codec: 'hevc', profile: 'quality', audio: 1 });
    expect(compose).toMatchObject({ draw: { boxes: 'people' }, redact: { module: 'faces', kind: 'blur' } });
    expect(device).toBe('cpu');
    expect(modules[2]).toMatchObject({ reid: 'always' });
  });

  test.each([
    ['800k', 800_000],
    ['1.5M', 1_500_000],
    ['2000000', 2_000_000],
    ['500k-6M', { min: 500_000, max: 6_000_000 }],
  ])('--bitrate %s', async (text, bitrate) => {
    expect((await run('a.mp4', '--out', 'o.mp4', '--bitrate', text)).code).toBe(0);
    expect(fake.run.spec.output).toMatchObject({ bitrate });
  });

  test('names outputs with the bitrate they came to', async () => {
    const output = { path: 'o.mp4', codec: 'h264', frames: 20, durationMs: 800, complete: true, hasAudio: false };
    const told = { min: 1e6, mean: 2e6, max: 3.5e6 };
    fake.script.outputs = [
      { ...output, bitrate: { control: 'adaptive', mean: 2_310_000, target: told, complexity: 0.5 } },
      { ...output, path: 'p.mp4', bitrate: { control: 'quality', mean: 812_345, target: null, complexity: null } },
    ];
    const { out } = await run('a.mp4', '--out', 'o.mp4');
    expect(out).toContain('o.mp4 (h264, 20 frames, 2.31 Mbit/s, target 1.00 to 3.50)');
    expect(out).toContain('p.mp4 (h264, 20 frames, 0.81 Mbit/s)');
  });

  test('writes its files and names them', async () => {
    const at = (name: string) => join(folder, name);
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
    const { code, out } = await run('a.mp4', 'b.mp4', ...files, '--contact-sheet', at('c.jpg'));
    expect(code).toBe(0);
    for (const name of ['r.jsonl', 't.json', 'm.0.txt', 'm.1.txt', 'p.json', 'c.jpg']) {
      expect(existsSync(at(name)), name).toBe(true);
      expect(out).toContain(at(name));
    }
    expect(readFileSync(at('r.jsonl'), 'utf8').trim().split('\n')).toHaveLength(41);
  });

  test('--json prints the report and nothing else', async () => {
    const { code, out } = await run('a.mp4', '--json');
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(out))).toEqual(
      expect.arrayContaining(['device', 'wallMs', 'sources', 'stages', 'outputs', 'live']),
    );
  });

  test('a failure exits 1 with code and hint', async () => {
    fake.reset({
      startError: codedError('SOURCE_NOT_FOUND', 'There is nothing at a.mp4', { hint: 'Check the path.' }),
    });
    const { code, out, err } = await run('a.mp4', '--json');
    expect(code).toBe(1);
    expect(err).toContain('SOURCE_NOT_FOUND: There is nothing at a.mp4\n  Check the path.');
    expect(JSON.parse(out)).toEqual({
      error: { code: 'SOURCE_NOT_FOUND', message: 'There is nothing at a.mp4', hint: 'Check the path.' },
    });
  });

  test('a failure in mid-run exits 1', async () => {
    fake.reset({ failAt: { taskId: 5, error: codedError('ENCODE_FAILED', 'no') } });
    expect(await run('a.mp4')).toMatchObject({ code: 1, err: expect.stringContaining('ENCODE_FAILED') });
  });

  test('a source that failed while the others went on is told, and exits 1', async () => {
    const error = { code: 'SOURCE_FAILED', message: 'cut' };
    fake.reset({ frames: [20, 20], sourceReports: [{ id: '0', delivered: 20, dropped: { queue: 2 }, error }] });
    const { code, out } = await run('a.mp4', 'b.mp4');
    expect(code).toBe(1);
    expect(out).toContain('source 0: SOURCE_FAILED: cut');
    expect(out).toContain('source 0: 2 frames dropped (queue)');
  });

  test('pictures that could not be decoded are told', async () => {
    fake.reset({ frames: [20], sourceReports: [{ id: '0', delivered: 20, dropped: {}, decodeErrors: 3 }] });
    const { code, out } = await run('a.mp4');
    expect(code).toBe(0);
    expect(out).toContain('source 0: 3 damaged or missing pictures left out');
  });

  test('an interrupt finishes the files and exits 1', async () => {
    fake.reset({ frames: [1e6] });
    const results = join(folder, 'interrupted.jsonl');
    const args = ['run', 'a.mp4', '--detect', model, '--embed', model, '--results', results];
    const { code, out, err } = await framepath(args, (stop) => setTimeout(stop, 50));
    expect(code).toBe(1);
    expect(fake.run.calls).toContain('close true');
    expect(err).toContain('Stopping');
    expect(out).toContain(results);
    expect(readFileSync(results, 'utf8').trim().split('\n').at(-1)).toContain('relink');
  });
});

describe('probe', () => {
  test('says what a source is', async () => {
    const { code, out } = await framepath(['probe', 'a.mp4']);
    expect(code).toBe(0);
    expect(out).toBe(
      'a.mp4\n  video in mov\n  h264 yuv420p, 640x360, 25 frames/s\n  4.00 s, about 100 frames, 12 bytes\n',
    );
  });

  test('--json prints what the library says', async () => {
    expect(JSON.parse((await framepath(['probe', 'a.mp4', '--json'])).out)).toMatchObject(info);
  });

  test('of nothing exits 1', async () => {
    expect(await framepath(['probe', 'none.mp4'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('SOURCE_NOT_FOUND'),
    });
  });
});

describe('run --explain', () => {
  test('says what would run and why, draws it, and runs nothing', async () => {
    const [dot, svg] = [join(folder, 'graph.dot'), join(folder, 'graph.svg')];
    const files = ['--dot', dot, '--svg', svg];
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
    expect(readFileSync(dot, 'utf8')).toContain('"module faces" -> "module tracks";');
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*>tracks<[\s\S]*<\/svg>\n$/);
    expect(fake.runs).toEqual([]);
  });

  test('--json prints it with stable keys', async () => {
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
    const drawing = join(folder, 'one.svg');
    writeFileSync(source, 'pictures');
    for (const files of [
      ['--svg', source],
      ['--dot', model],
      ['--svg', drawing, '--dot', drawing],
    ]) {
      const args = ['run', source, '--detect', model, '--embed', 'none', ...files];
      expect(await framepath(args)).toMatchObject({ code: 1, err: expect.stringContaining('INVALID_ARGUMENT') });
    }
    expect(readFileSync(source, 'utf8')).toBe('pictures');
    expect(existsSync(drawing)).toBe(false);
  });

  test('a drawing that cannot be written is told', async () => {
    const args = ['run', 'a.mp4', '--detect', model, '--embed', 'none', '--svg', '/nowhere/graph.svg'];
    expect(await framepath(args)).toMatchObject({ code: 1, err: expect.stringContaining('OUTPUT_UNWRITABLE') });
  });
});

describe('models', () => {
  test('lists the registry', async () => {
    const { code, out } = await framepath(['models', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual([
      'blazeface',
      'face-recognition',
      'person',
      'emotion',
      'pose',
      'mobilefacenet',
    ]);
    expect((await framepath(['models', 'list'])).out).toContain('blazeface (detect');
  });

  test('inspects a model', async () => {
    expect((await framepath(['models', 'inspect', model])).out).toContain('head:  blazeface');
    expect(await framepath(['models', 'inspect', 'nobody'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('MODEL_NOT_FOUND'),
    });
  });

  test('converts a graph model and says what it takes and gives', async () => {
    const relu = { name: 'y', op: 'Relu', input: ['x'] };
    const picture = { shape: { shape: { dim: [-1, 4, 6, 3].map((size) => ({ size: String(size) })) } } };
    const node = [{ name: 'x', op: 'Placeholder', attr: picture }, relu];
    const path = join(folder, 'graph.json');
    writeFileSync(path, JSON.stringify({ modelTopology: { node }, weightsManifest: [] }));
    const out = join(folder, 'graph.onnx');
    const convert = (...options: string[]) => framepath(['models', 'convert', path, out, '--outputs', 'y', ...options]);
    const facts = ['--mean', '127.5', '--scale=0.5,1,2', '--head', 'raw'];
    expect(JSON.parse((await convert('--json', '--names', 'z', ...facts)).out)).toMatchObject({
      out,
      inputs: [{ name: 'input', shape: ['N', 3, 4, 6] }],
      outputs: [{ name: 'z', shape: null }],
    });
    const model = readModel(readFileSync(out));
    expect(getMetadata(model, 'framepath.mean')).toBe('127.5');
    expect(getMetadata(model, 'framepath.scale')).toBe('0.5,1,2');
    expect((await convert('--layout', 'nhwc', '--batch', '2')).out).toContain('input input [2, 4, 6, 3]');
    expect((await convert('--mean', 'x')).err).toContain("for --mean but received 'x'");
    expect((await convert('--resize', 'x')).code).toBe(2);
    expect((await framepath(['models', 'convert', path])).err).toContain('where the ONNX file goes');
    expect(await framepath(['models', 'convert', path, out])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/MODEL_INVALID.*graph\.json.*outputs.*\n.*--outputs y/),
    });
  });

  test('says how a model is made that is known but not here', async () => {
    expect((await framepath(['models'])).out).toMatch(
      /person \(detect.*states none.*\n.*\n {2}not here: framepath models add person/,
    );
    expect((await framepath(['run', 'a.mp4', '--detect', 'person'])).err).toContain('npx framepath models add person');
    expect((await framepath(['models', 'add', 'blazeface'])).err).toContain('Expected one of person, emotion');
    expect((await framepath(['models', 'add'])).code).toBe(2);
  });

  test('fixes only what is ONNX', async () => {
    const text = join(folder, 'text.onnx');
    writeFileSync(text, 'not a model');
    expect(await framepath(['models', 'fix', text])).toMatchObject({
      code: 1,
      err: expect.stringContaining('MODEL_INVALID'),
    });
  });
});

const gpu = {
  name: 'H100',
  driver: '580.0',
  uuid: 'GPU-1',
  pciBusId: '0000:65:00.0',
  mig: false,
  memoryTotalBytes: 80 * 2 ** 30,
  sm: 40,
  memoryController: 20,
  encoder: null,
  decoder: 60,
  memoryBytes: 3 * 2 ** 30,
  temperatureC: 55,
  powerW: 215.5,
  samplingMs: { encoder: 0, decoder: 167 },
  missing: { encoder: 'Not Supported (3)' },
  device: 'cuda:0',
};

describe('doctor', () => {
  test('shows who decided each setting', async () => {
    vi.stubEnv('FRAMEPATH_DEVICE', 'cpu');
    const { code, out } = await framepath(['doctor']);
    vi.unstubAllEnvs();
    expect(code).toBe(0);
    expect(out).toContain('device: cpu  (FRAMEPATH_DEVICE)');
    expect(out).toContain('59.37.100');
    expect(out).toContain('GPU readings: none. NVML cannot be opened.');
  });

  test('shows who decided each setting of modules', async () => {
    const path = join(folder, 'modules.json');
    const base = { smile: { isolation: 'process', stride: 2 }, people: { enabled: false } };
    const environments = { prod: { modules: { smile: { stride: 5 } } } };
    writeFileSync(path, JSON.stringify({ modules: base, environments }));
    vi.stubEnv('FRAMEPATH_CONFIG', path);
    vi.stubEnv('FRAMEPATH_ENV', 'prod');
    const { out } = await framepath(['doctor']);
    const { modules } = JSON.parse((await framepath(['doctor', '--json'])).out);
    vi.unstubAllEnvs();
    expect(out).toContain(
      `modules:\n  smile.stride: 5  (${path} (prod))\n  smile.isolation: "process"  (${path})\n  people.enabled: false  (${path})\n`,
    );
    expect(modules.smile.stride).toEqual({ value: 5, from: `${path} (prod)` });
  });

  test('shows what NVML says, and what it does not', async () => {
    fake.nvml = { gpus: [gpu], unreadable: ["NVML's GPU 1: GPU is lost (15)"] };
    const { code, out } = await framepath(['doctor']);
    expect(code).toBe(0);
    expect(out).toContain(
      '  H100 (0000:65:00.0, driver 580.0, cuda:0): SM 40 %, memory controller 20 %, NVDEC 60 %, memory 3.0 of 80.0 GiB, 55 °C, 215.5 W\n',
    );
    expect(out).toContain('    encoder not read: Not Supported (3)\n');
    expect(out).toContain("  not read: NVML's GPU 1: GPU is lost (15)\n");
    const { native } = JSON.parse((await framepath(['doctor', '--json'])).out);
    expect(native.nvml.gpus[0]).toEqual(gpu);
  });

  test('shows what the GPU decodes and encodes', async () => {
    fake.video = {
      decodes: [{ codec: 'hevc', chroma: '4:2:0', depth: 10, from: [144, 144], to: [8192, 8192] }],
      encodes: { h264: true, av1: 'this GPU has no video encoder' },
    };
    const { out } = await framepath(['doctor']);
    expect(out).toContain('    decodes hevc 4:2:0 10-bit, 144x144 to 8192x8192\n');
    expect(out).toContain('    encodes h264\n    encodes av1: no, this GPU has no video encoder\n');
    fake.video = { decodes: [], decodesNothing: 'its library cannot be opened', encodes: {} };
    expect((await framepath(['doctor'])).out).toContain('    decodes nothing: its library cannot be opened\n');
  });

  test('shows every step to the GPU, and what to do about the one that fails', async () => {
    const { code, out } = await framepath(['doctor']);
    expect(code).toBe(0);
    expect(out).toContain('  cuda:0: not usable\n    driver: CUDA 13.0\n');
    expect(out).toContain('    kernels: does not work. No kernels load.\n      Update the driver.\n');
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
