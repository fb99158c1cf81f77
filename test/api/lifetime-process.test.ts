/** Processes and threads that end while runs are alive: nobody crashes, nobody hangs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compiled, program } from './children.js';
import { complete, decoded, folderFor, patternClip, root } from './clips.js';

let folder: string;
let clip: string;
let long: string;
let prelude: string;

beforeAll(() => {
  folder = folderFor('process');
  clip = patternClip(join(folder, 'clip.mp4'), { seconds: 1, size: '160x120' });
  long = patternClip(join(folder, 'long.mp4'), { seconds: 60, size: '160x120' });
  prelude = `
    const clip = ${JSON.stringify(clip)}, long = ${JSON.stringify(long)}, folder = ${JSON.stringify(folder)};
    const light = analyzer({ name: 'light', pixels: true, analyze: async (frame) => frame.pixels({ width: 1, height: 1 }).data[0] });
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  `;
}, 60_000);

/** Runs a program to its end; it must end by itself. */
async function ended(body: string, options?: Parameters<typeof program>[1]) {
  const end = await program(prelude + body, options).ended;
  expect(end.signal, `${end.err}\n${end.out}`).toBeNull();
  return end;
}

describe.skipIf(!compiled)('a process', () => {
  test('ends by itself when a run was never touched, never ended, never closed', async () => {
    const { code, out } = await ended(`
      await pipeline(video(long)).use(light).start();
      await pipeline(video(long)).use(light).encode(folder + '/idle.mp4', { profile: 'realtime' }).start();
      await pipeline().start();
      console.log('end of program');
    `);
    expect({ code, out }).toEqual({ code: 0, out: 'end of program\n' });
  });

  test('is kept alive by what it waits for', async () => {
    const { code, out } = await ended(`
      const run = await pipeline(video(clip)).use(light).start();
      run.done.then(() => console.log('done'));
    `);
    expect({ code, out }).toEqual({ code: 0, out: 'done\n' });
  });

  test('ends after an iteration without close', async () => {
    const { code, out } = await ended(`
      let n = 0;
      for await (const frame of await pipeline(video(clip)).use(light).start()) n++;
      console.log(n);
    `);
    expect({ code, out }).toEqual({ code: 0, out: '25\n' });
  });

  test('that exits in mid-iteration exits with its code', async () => {
    const { code } = await ended(`
      const run = await pipeline(video(long)).use(light).encode(folder + '/exit.mp4', { profile: 'realtime' }).start();
      for await (const frame of run) if (frame.index === 30) process.exit(7);
    `);
    expect(code).toBe(7);
  });

  test('that exits while a run starts, closes, or waits for an analyzer', async () => {
    for (const [body, expected] of [
      ['pipeline(video(long)).use(light).start(); await sleep(3); process.exit(3);', 3],
      ['const run = await pipeline(video(long)).use(light).start(); run.close(); process.exit(4);', 4],
      [
        "const run = await pipeline(video(long)).use(analyzer({ name: 'never', analyze: () => new Promise(() => {}) })).start(); run.done; await sleep(50); process.exit(5);",
        5,
      ],
    ] as const)
      expect((await ended(body)).code).toBe(expected);
  });

  test('whose loop body throws reports it and exits 1', async () => {
    const { code, err } = await ended(`
      const run = await pipeline(video(long)).use(light).start();
      for await (const frame of run) if (frame.index === 10) throw new Error('in the body');
    `);
    expect(code).toBe(1);
    expect(err).toContain('in the body');
  });

  test('whose callback throws beside a run exits 1', async () => {
    const { code, err } = await ended(`
      const run = await pipeline(video(long)).use(light).start();
      setTimeout(() => { throw new Error('beside'); }, 50);
      for await (const frame of run);
    `);
    expect(code).toBe(1);
    expect(err).toContain('beside');
  });

  test('whose run fails while nobody listens is not ended by it', async () => {
    const { code, out } = await ended(`
      const broken = analyzer({ name: 'broken', analyze() { throw new Error('unheard'); } });
      const run = await pipeline(video(clip)).use(broken).start();
      await sleep(200);
      await run.close().catch((error) => console.log(error.code));
      console.log('still here');
    `);
    expect(code).toBe(0);
    expect(out).toContain('still here');
  });
});

describe.skipIf(!compiled)('worker threads', () => {
  test('that run pipelines end by themselves or are terminated, again and again', async () => {
    const worker = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { analyzer, pipeline, video } = await import(workerData.library);
      const light = analyzer({ name: 'light', pixels: true, analyze: async (frame) => frame.pixels({ width: 1, height: 1 }).data[0] });
      const run = await pipeline(video(workerData.uri)).use(light).encode(null, { profile: 'realtime' }).start();
      let n = 0;
      for await (const frame of run) if (n++ === 5) parentPort.postMessage('going');
      parentPort.postMessage(n);
    `;
    writeFileSync(join(folder, 'worker.mjs'), worker);
    const { code, out, err } = await ended(
      `
      import { Worker } from 'node:worker_threads';
      const source = folder + '/worker.mjs';
      const start = (uri) => new Worker(source, { execArgv: [], workerData: { uri, library: ${JSON.stringify(join(root, 'lib/index.js'))} } });
      const counts = [];
      for (let i = 0; i < 3; i++) {
        const thread = start(clip);
        await new Promise((resolve, reject) => {
          thread.on('message', (n) => n === 'going' || counts.push(n)).on('exit', resolve).on('error', reject);
        });
      }
      console.log(counts.join());
      for (let i = 0; i < 20; i++) {
        const thread = start(long);
        thread.on('error', (error) => console.log(error));
        if (i % 2) await new Promise((resolve) => thread.once('message', resolve));
        else await sleep(i * 8);
        await thread.terminate();
      }
      let n = 0;
      for await (const frame of await pipeline(video(clip)).use(light).start()) n++;
      console.log(n);
    `,
      { seconds: 90 },
    );
    expect({ code, out }, err).toEqual({ code: 0, out: '25,25,25\n25\n' });
  }, 100_000);
});

describe.skipIf(!compiled)('a run that is dropped', () => {
  test('is collected, and what it held is freed', async () => {
    const { code, out, err } = await ended(
      `
      const once = async () => {
        const run = await pipeline(video(long)).use(light).keepPixels().start();
        const iterator = run[Symbol.asyncIterator]();
        await iterator.next();
        return new WeakRef(run);
      };
      const { readdirSync } = await import('node:fs');
      const threads = () => readdirSync('/proc/self/task').length;
      const refs = [];
      await once();
      const before = threads();
      for (let i = 0; i < 20; i++) {
        refs.push(await once());
        await sleep(5);
        global.gc();
      }
      for (let i = 0; i < 50 && (refs.some((ref) => ref.deref()) || threads() > before); i++) {
        await sleep(20);
        global.gc();
      }
      console.log(refs.filter((ref) => ref.deref()).length, threads() <= before);
    `,
      { flags: ['--expose-gc'] },
    );
    expect({ code, out }, err).toEqual({ code: 0, out: '0 true\n' });
  });

  test('is not collected while somebody waits for it', async () => {
    const { code, out, err } = await ended(
      `
      const out = folder + '/kept.mp4';
      const collecting = setInterval(() => global.gc(), 5);
      const done = (async () => (await pipeline(video(clip)).use(light).encode(out, { profile: 'realtime' }).start()).done)();
      await done;
      let n = 0;
      for await (const frame of await pipeline(video(clip)).use(light).start()) { n++; await sleep(4); }
      clearInterval(collecting);
      console.log(n);
    `,
      { flags: ['--expose-gc'] },
    );
    expect({ code, out }, err).toEqual({ code: 0, out: '25\n' });
    expect(decoded(join(folder, 'kept.mp4')).frames).toBe(25);
  });
});

/** glibc gives threads arenas of their own, which keep what was freed: without them what remains is what is used. */
const fewArenas = { MALLOC_ARENA_MAX: '2' };

describe.skipIf(!compiled)('memory', () => {
  test('of many short runs in one process stays flat', async () => {
    const { code, out, err } = await ended(
      `
      const rss = () => { global.gc(); return process.memoryUsage.rss() / 2 ** 20; };
      const once = async (i) => {
        const run = await pipeline(video(clip), video(clip)).use(light).compose(grid({ width: 320, height: 240 }))
          .encode(folder + '/flat.mp4', { profile: 'realtime' }).start();
        for await (const frame of run) if (i % 3 === 2 && frame.index === 9) break;
        await run.close();
      };
      for (let i = 0; i < 10; i++) await once(i);
      const before = rss();
      for (let i = 0; i < 30; i++) await once(i);
      console.log(JSON.stringify({ before, after: rss() }));
    `,
      { flags: ['--expose-gc'], seconds: 90, env: fewArenas },
    );
    expect(code, err).toBe(0);
    const { before, after } = JSON.parse(out) as { before: number; after: number };
    expect(after - before, out).toBeLessThan(16);
  }, 100_000);

  test.skipIf(!complete)(
    'of runs with models too',
    async () => {
      const { code, out, err } = await ended(
        `
      const rss = () => { global.gc(); return process.memoryUsage.rss() / 2 ** 20; };
      const once = async () => {
        const run = await pipeline(video(clip)).use(detect('faces', 'blazeface')).use(track('tracks', { of: 'faces' }))
          .use(identify('people', { of: 'tracks', model: 'face-recognition' })).start();
        for await (const frame of run);
        await run.close();
      };
      const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1]; // it goes up and down by 20 MB
      const sizes = [];
      for (let i = 0; i < 18; i++) {
        await once();
        if (i >= 4) sizes.push(rss());
      }
      console.log(JSON.stringify({ before: middle(sizes.slice(0, 7)), after: middle(sizes.slice(7)) }));
    `,
        { flags: ['--expose-gc'], seconds: 90, env: fewArenas },
      );
      expect(code, err).toBe(0);
      const { before, after } = JSON.parse(out) as { before: number; after: number };
      expect(after - before, out).toBeLessThan(24);
    },
    100_000,
  );
});
