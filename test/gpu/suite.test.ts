import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judge } from '../../scripts/gpu/measure/judge.mjs';
import { readFlv } from '../../scripts/gpu/measure/live-server.mjs';
import { entryOf, findings, gather } from '../../scripts/gpu/measure/result.mjs';
import { runStep } from '../../scripts/gpu/measure/run-step.mjs';
import { cutMs } from '../../scripts/gpu/measure/step-decode.mjs';
import { table, text } from '../../scripts/gpu/measure/text.mjs';
import { decodedWhere, errorOf } from '../../scripts/gpu/measure/trials.mjs';

const step = (name: string, result: object) => ({ name, title: name, ok: true, seconds: 1, result });
const copies = (h2dImage: number) => ({ h2dImage, d2hImage: 0, d2hEncode: 0, d2hRequested: 0, d2hResults: 9 });
const run = (more: object) => ({
  device: 'cuda:0',
  fps: 5000,
  cpuMsPerFrame: 0.1,
  decodedOnGpu: 'all',
  copies: copies(0),
  nvdec: { mean: 70, max: 91 },
  nvenc: null,
  sm: { mean: 30, max: 40 },
  vramBytes: { mean: 1e9, max: 2e9 },
  recoveries: [],
  ...more,
});
const kernels = (ms: number) => ({
  equal: { passed: 4, failed: 0, cases: 120 },
  speed: {
    copyGbPerSecond: 3000,
    kernels: [
      {
        name: 'letterbox',
        case: '2160p nv12 to 640x360 float NCHW',
        ms: 0.01,
        gbPerSecond: 900,
        copyGbPerSecond: 1000,
        copyRatio: 1.25,
      },
      {
        name: 'composeTiles',
        case: 'split: two 960x1080 of 1080p nv12 on an nv12 canvas, 1:1',
        ms,
        gbPerSecond: 1,
        copyGbPerSecond: 1,
        copyRatio: 1,
      },
    ],
  },
});
const verdicts = (steps: object[]): Record<string, string> =>
  Object.fromEntries(judge(steps).map(({ name, verdict }: { name: string; verdict: string }) => [name, verdict]));

test('without figures nothing is met and nothing is missed', () => {
  expect(new Set(Object.values(verdicts([])))).toEqual(new Set(['not measured']));
});

test('targets are judged by what was measured', () => {
  const judged = verdicts([
    step('kernels', kernels(0.2)),
    step('decode', { rows: [{ sources: 16, detect: true, ...run({ fps: 4200 }) }] }),
    step('latency', { rows: [{ device: 'cuda:0', p99: 61, decodedOnGpu: 'all' }] }),
    step('pipelines', {
      rows: [
        ...['A', 'B', 'C', 'D'].map((name) => run({ name })),
        run({ name: 'A', device: 'cpu', copies: copies(5), decodedOnGpu: 'none' }),
      ],
    }),
    step('churn', { churn: { alive: 0 } }),
  ]);
  expect(judged).toMatchObject({
    'kernels give the bits of the host': 'met',
    'letterbox of 4K against a copy in the device': 'met',
    'compose on a 4K canvas against a copy in the device': 'not measured',
    'compose of a 1080p split': 'missed',
    'decode and detect, 16 parallel 1080p H.264 sources': 'met',
    'end to end latency of a live source, p99': 'missed',
    'h2dImage of pipelines A to D': 'met',
    'd2hImage of pipelines A to D': 'met',
    'the busiest engine (NVDEC or SM) in D, highest second': 'met',
    'alive after runs of the churn': 'met',
  });
});

test('what software decoded counts neither for nor against the GPU', () => {
  const soft = { decodedOnGpu: 'none', copies: copies(1e9) };
  const judged = judge([
    step('decode', { rows: [{ sources: 16, detect: true, ...run({ ...soft, fps: 9000 }) }] }),
    step('pipelines', { rows: [run({ name: 'B', ...soft })] }),
  ]);
  const why = (part: string) => judged.find(({ name }: { name: string }) => name.includes(part));
  expect(why('16 parallel')).toMatchObject({ verdict: 'not measured', why: 'software decoded, not NVDEC' });
  expect(why('h2dImage')).toMatchObject({
    verdict: 'not measured',
    why: expect.stringContaining('software decoded B'),
  });
});

test('bytes of some of the pipelines are not those of all', () => {
  const judged = judge([step('pipelines', { rows: [run({ name: 'A' }), run({ name: 'D' })] })]);
  const bytes = judged.filter(({ name }: { name: string }) => name.includes('Image of pipelines'));
  expect(bytes).toHaveLength(2);
  for (const one of bytes)
    expect(one).toMatchObject({ verdict: 'not measured', why: 'B, C did not run on the device' });
});

test('what a step found before it ended stays', () => {
  const lines: string[] = [];
  const found = findings((line: string) => lines.push(...line.trimEnd().split('\n')));
  found.set('a', 1);
  found.add('rows', { x: 1 });
  found.add('rows', { x: 2 });
  expect(gather([...lines, 'a library wrote this', '{"cut off'])).toEqual({ a: 1, rows: [{ x: 1 }, { x: 2 }] });
  const killed = entryOf(
    { name: 'decode', title: 't' },
    { lines, seconds: 90.4, ended: { code: null, signal: 'SIGKILL', timedOut: true, stderr: '' } },
  );
  expect(killed).toMatchObject({
    ok: false,
    error: 'ended at its limit of 90 s',
    result: { rows: [{ x: 1 }, { x: 2 }] },
  });
});

test('a part that fails is noted, and the parts after it run', async () => {
  const lines: string[] = [];
  const found = findings((line: string) => lines.push(line));
  await found.attempt('first', () => {
    throw new Error('no decoder');
  });
  await found.attempt('second', () => found.set('second', true));
  const ended = { code: 0, signal: null, timedOut: false, stderr: '' };
  expect(entryOf({ name: 'n', title: 't' }, { lines, seconds: 1, ended })).toMatchObject({
    ok: false,
    error: 'first: no decoder',
    result: { second: true },
  });
});

test('a step that cannot even be loaded is an entry with its reason', async () => {
  const entry = await runStep({ name: 'nowhere', title: 'no such step' }, {}, 20);
  expect(entry.ok).toBe(false);
  expect(entry.error).toContain('step-nowhere.mjs');
});

/** The state letter of a process; Z is one that has ended and that nobody has asked about yet. */
function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')[0]!;
  } catch {
    return 'Z';
  }
}

test('a step that hangs is ended with all its processes, and what it found stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-step-'));
  const program = join(folder, 'hangs.mjs');
  const grandchild = join(folder, 'pid');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     const child = spawn('sleep', ['60'], { stdio: 'inherit' });
     writeFileSync(${JSON.stringify(grandchild)}, String(child.pid));
     process.stdout.write(JSON.stringify({ set: 'found', value: 1 }) + '\\n');
     setInterval(() => {}, 1000);`,
  );
  try {
    const entry = await runStep({ name: 'hangs', title: 't' }, {}, 4, program);
    expect(entry).toMatchObject({ ok: false, result: { found: 1 }, error: 'ended at its limit of 4 s' });
    await expect.poll(() => stateOf(readFileSync(grandchild, 'utf8')), { timeout: 5000 }).toBe('Z');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a step that crashes is an entry with the signal and what was written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-step-'));
  const program = join(folder, 'crashes.mjs');
  writeFileSync(program, `process.stderr.write('lost the GPU\\n', () => process.kill(process.pid, 'SIGSEGV'));`);
  try {
    const entry = await runStep({ name: 'crashes', title: 't' }, {}, 20, program);
    expect(entry).toMatchObject({ ok: false, error: 'killed by SIGSEGV: lost the GPU' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('sources are cut so that trials take equally long', () => {
  expect(cutMs({ sources: 1, fps: 600, seconds: 5 })).toBe(60_000); // the whole clip
  expect(cutMs({ sources: 16, fps: 480, seconds: 5 })).toBe(5000);
  expect(cutMs({ sources: 16, fps: 20, seconds: 5 })).toBe(1000); // a second at least
});

test('where pictures were decoded is reported for all sources together', () => {
  expect(decodedWhere([{ decoded: 5, decodedOnGpu: 5 }])).toBe('all');
  expect(
    decodedWhere([
      { decoded: 5, decodedOnGpu: 5 },
      { decoded: 5, decodedOnGpu: 0 },
    ]),
  ).toBe('some');
  expect(decodedWhere([{ decoded: 5 }])).toBe('none');
});

test('of the output of a failed process, the error remains', () => {
  const output = `node trial.mjs ended with 1: \x1b[1;31mnoise\x1b[m\nfile.js:50\n    ^\n\nFramepathError: No GPU.\n    at start (x.js)\n`;
  expect(errorOf(output)).toBe('FramepathError: No GPU.');
  expect(errorOf('killed \n')).toBe('killed');
});

test('an FLV file is cut into its head and its pictures', () => {
  const tag = (type: number, timeMs: number, body: number[]) => {
    const header = Buffer.alloc(11);
    header[0] = type;
    header.writeUIntBE(body.length, 1, 3);
    header.writeUIntBE(timeMs & 0xffffff, 4, 3);
    header[7] = timeMs >>> 24;
    const behind = Buffer.alloc(4);
    behind.writeUInt32BE(11 + body.length);
    return Buffer.concat([header, Buffer.from(body), behind]);
  };
  const start = Buffer.from([0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0]);
  const head = [start, tag(18, 0, [2]), tag(9, 0, [0x17, 0])];
  const { head: found, pictures } = readFlv(
    Buffer.concat([...head, tag(9, 0, [0x17, 1, 7]), tag(9, 33, [0x27, 1]), tag(9, 0x1000001, [0x27, 1])]),
  );
  expect(found.equals(Buffer.concat(head))).toBe(true);
  expect(pictures.map(({ timeMs }: { timeMs: number }) => timeMs)).toEqual([0, 33, 0x1000001]);
  expect(() => readFlv(Buffer.from('RIFF'))).toThrow('no FLV');
});

test('the text shows steps, what failed and the verdicts', () => {
  const steps = [
    step('kernels', kernels(0.05)),
    {
      ...step('decode', { rows: [{ name: '1 sources, decode', sources: 1, ...run({ decodedOnGpu: 'none' }) }] }),
      ok: false,
      error: 'hevc: no',
    },
    step('pipelines', {}),
  ];
  const machine = { gpu: 'A GPU', driver: '580', cpu: 'a CPU', cores: 2, versions: { framepath: '0.1.0' } };
  const summary = text({ machine, date: 'today', seconds: 10, quick: false, steps, targets: judge(steps) });
  expect(summary).toContain('framepath 0.1.0 on A GPU, driver 580; a CPU, 2 cores; today');
  expect(summary).toContain('FAILED decode');
  expect(summary).toContain('! hevc: no');
  expect(summary).toMatch(/1 sources, decode +5,000 +0\.10 +software +70\/91/);
  expect(summary).toMatch(/compose of a 1080p split +<= 0\.1 ms +0\.050 +met/);
  expect(summary).toMatch(/letterbox .* 80 %/);
});

test('columns of a table are aligned', () => {
  expect(
    table(
      ['name', 'x'],
      [
        ['a', 1],
        ['long name', 100],
      ],
    ),
  ).toEqual(['name         x', 'a            1', 'long name  100']);
});
