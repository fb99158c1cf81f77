/** Runs that are interrupted or killed: what was written plays. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled, program } from './children.js';
import { complete, decoded, facesClip, folderFor, partOf, patternClip, root } from './clips.js';
import { sleep } from './outcomes.js';

let folder: string;
let long: string;
let faces: string;

beforeAll(() => {
  folder = folderFor('interrupted');
  long = patternClip(join(folder, 'long.mp4'), { seconds: 60, size: '320x180' });
  faces = facesClip(join(folder, 'faces.mp4'), { seconds: 10 });
}, 120_000);

/** Encodes at about 150 frames a second, and logs every packet of a picture when it is out: its time of day, a line each. */
function encoding(name: string, profile: string) {
  const out = join(folder, name);
  const log = `${out}.log`;
  const { child, ended } = program(`
    import { openSync, writeSync } from 'node:fs';
    const log = openSync(${JSON.stringify(log)}, 'w');
    const pace = analyzer({ name: 'pace', analyze: () => new Promise((resolve) => setTimeout(resolve, 6)) });
    const run = await pipeline(video(${JSON.stringify(long)})).use(pace)
      .encode(${JSON.stringify(out)}, { profile: ${JSON.stringify(profile)}, packets: true }).start();
    process.on('SIGINT', () => run.close().then(() => process.exit(1)));
    for await (const { stream } of run.packets()) if (stream === 'video') writeSync(log, Date.now() + '\\n');
  `);
  const packets = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number) : []);
  const going = async (n: number) => {
    for (let i = 0; i < 1000 && packets().length < n && child.exitCode === null; i++) await sleep(20);
  };
  return { out, child, ended, packets, going };
}

describe.skipIf(!compiled)('an encode', () => {
  test('interrupted finishes its file', async () => {
    const { out, child, ended, going } = encoding('interrupted.mp4', 'realtime');
    await going(200);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 1, signal: null });
    expect(decoded(out).frames).toBeGreaterThanOrEqual(200);
  });

  test.each(['realtime', 'balanced'])(
    'killed leaves every packet that was out a second before in the file beside (%s)',
    async (profile) => {
      const { out, child, ended, packets, going } = encoding(`killed-${profile}.mp4`, profile);
      await going(300);
      const killed = Date.now();
      child.kill('SIGKILL');
      await ended;
      const before = packets().filter((at) => at < killed - 1000).length;
      expect(before).toBeGreaterThan(50);
      expect(existsSync(out)).toBe(false);
      expect(decoded(partOf(out)!).frames).toBeGreaterThanOrEqual(before);
    },
  );

  test('writes a file beside that plays at every moment of it', async () => {
    const { out, child, ended, packets, going } = encoding('watched.mp4', 'realtime');
    let last = 0;
    for (let i = 1; i <= 4; i++) {
      await going(i * 100);
      const before = packets().length;
      await sleep(1000);
      const copy = join(folder, 'watched-copy.mp4');
      copyFileSync(partOf(out)!, copy);
      const { frames } = decoded(copy);
      expect(frames).toBeGreaterThanOrEqual(before);
      expect(frames).toBeGreaterThan(last);
      last = frames;
    }
    child.kill('SIGKILL');
    await ended;
  });
});

describe.skipIf(!compiled || !complete)('the command', () => {
  function running(...args: string[]) {
    const child = spawn(process.execPath, [join(root, 'lib/cli.js'), 'run', faces, ...args], { timeout: 60_000 });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    const ended = new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, out, err }));
    });
    return { child, ended };
  }

  test('interrupted finishes every file, reports it and exits 1', async () => {
    const path = (name: string) => join(folder, name);
    const files = ['--results', path('r.jsonl'), '--timeline', path('t.json'), '--report', path('report.json')];
    const { child, ended } = running('--out', path('cli.mp4'), '--profile', 'realtime', ...files, '--json');
    for (let i = 0; i < 500 && !(existsSync(path('r.jsonl')) && readFileSync(path('r.jsonl')).length > 4000); i++)
      await sleep(20);
    child.kill('SIGINT');
    const { code, signal, out } = await ended;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    const report = JSON.parse(out);
    expect(report.outputs[0]).toMatchObject({ complete: false });
    expect(report.live).toMatchObject({ tasks: 0, leases: 0 });
    const [source] = report.sources;
    expect(source.in).toBe(
      source.delivered + Object.values(source.dropped as Record<string, number>).reduce((a, b) => a + b, 0),
    );
    expect(decoded(path('cli.mp4')).frames).toBe(report.outputs[0].frames);
    const lines = readFileSync(path('r.jsonl'), 'utf8').trim().split('\n');
    for (const line of lines) JSON.parse(line);
    expect(JSON.parse(lines.at(-1)!)).toHaveProperty('relink');
    expect(lines.length - 1).toBe(source.delivered);
    expect(JSON.parse(readFileSync(path('t.json'), 'utf8'))).toHaveProperty('identities');
    expect(JSON.parse(readFileSync(path('report.json'), 'utf8'))).toHaveProperty('stages');
  });

  test('interrupted twice stops at once, exits 1', async () => {
    const out = join(folder, 'twice.mp4');
    const { child, ended } = running('--out', out, '--profile', 'realtime');
    const begun = () => (partOf(out) ? readFileSync(partOf(out)!).length > 4000 : false);
    for (let i = 0; i < 500 && !begun(); i++) await sleep(20);
    child.kill('SIGINT');
    await sleep(5);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 1, signal: null });
  });

  test('interrupted while it starts exits 1 or by the signal', async () => {
    for (const ms of [100, 200, 350]) {
      const { child, ended } = running('--out', join(folder, `starting-${ms}.mp4`));
      await sleep(ms);
      child.kill('SIGINT');
      const { code, signal } = await ended;
      expect(signal === 'SIGINT' || code === 1, `${code} ${signal}`).toBe(true);
    }
  });
});
