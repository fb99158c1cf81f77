/** `framepath plan` as it is installed: it renders its own clip, measures in child processes, and remembers. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compiled } from './children.js';
import { complete, folderFor, patternClip, root } from './clips.js';

describe.skipIf(!compiled || !complete)('framepath plan', () => {
  const cache = folderFor('plan');
  const files = () =>
    readdirSync(join(cache, 'framepath'))
      .filter((name) => name.startsWith('plan'))
      .map((name) => join(cache, 'framepath', name));
  afterAll(() => rmSync(cache, { recursive: true }));

  const plan = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((done) =>
      execFile(
        process.execPath,
        [join(root, 'lib/cli.js'), 'plan', ...args],
        { env: { ...process.env, XDG_CACHE_HOME: cache } },
        (error, out, err) => done({ code: Number(error?.code ?? 0), out, err }),
      ),
    );

  test('measures once, and plans from the cache after that', async () => {
    const asked = ['--streams', '1', '--fps', '1', '--latency', '60000', '--height', '180'];
    const first = await plan(...asked, '--encode', 'realtime');
    expect(first).toMatchObject({ code: 0, err: expect.stringContaining('rendering a pattern of 320x180') });
    for (const stage of ['decode', 'detect', 'track', 'compose', 'encode']) expect(first.out).toMatch(`\n${stage} `);
    expect(first.out).toContain('measured on a moving pattern');
    expect(first.out).toContain('M/M/c');
    expect(files()).toHaveLength(1);
    expect(JSON.parse(readFileSync(files()[0]!, 'utf8')).stages.decode.cpuMs).toBeGreaterThan(0);

    const again = await plan(...asked, '--json');
    expect(again).toMatchObject({ code: 0, err: '' });
    const { costs, budget, capacity } = JSON.parse(again.out);
    expect(budget.stages.map(({ stage }: { stage: string }) => stage)).toEqual(['decode', 'detect', 'track']);
    expect(budget.stages[1].cpuMs).toBe(costs.detect.cpuMs);
    expect(capacity.limit.streams).toBe(capacity.streams + 1);

    const fresh = await plan(...asked, '--detect', 'none', '--fresh');
    expect(fresh.err).toContain('measuring decode');
  }, 120_000);

  test('exits 1 for what no machine carries, and lists what was tried', async () => {
    const { code, out } = await plan('--streams', '1000', '--fps', '1000', '--latency', '1', '--height', '240');
    expect(code).toBe(1);
    expect(out).toContain('throughput: DOES NOT FIT; latency: DOES NOT FIT');
    expect(out).toMatch(/Bottleneck: (decode|detect), at 1 stream/);
    expect(out).toContain('Nothing that was tried makes it fit');
  }, 120_000);

  test("measures the user's own clip", async () => {
    const clip = patternClip(join(cache, 'own.mp4'), { seconds: 1 });
    const asked = ['--streams', '1', '--fps', '1', '--latency', '60000', '--detect', 'none', '--json'];
    const { code, out, err } = await plan(...asked, '--clip', clip);
    expect({ code, picture: JSON.parse(out).picture }).toEqual({
      code: 0,
      picture: { width: 320, height: 240, from: clip },
    });
    expect(err).not.toContain('pattern');
    const missing = await plan(...asked, '--clip', join(cache, 'nowhere.mp4'));
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('SOURCE_NOT_FOUND') });
  }, 120_000);
});
