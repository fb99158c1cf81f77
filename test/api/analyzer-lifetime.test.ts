/** Threads and processes of analyzers go when the program goes, however it goes. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Isolation } from '../../src/index.js';
import { hostsWork, inHosts, nameOf, twin } from './analyzer-files.js';
import { compiled, program } from './children.js';
import { folderFor, patternClip } from './clips.js';
import { sleep } from './outcomes.js';

let clip: string;

beforeAll(() => {
  clip = patternClip(join(folderFor('hosts'), 'clip.mp4'), { seconds: 2, size: '128x96' });
}, 60_000);

/** A program with one faulty analyzer; it writes the id of its host's process to stdout. */
function start(isolation: Isolation, options: object, body: string) {
  const use = JSON.stringify({ name: 'faulty', isolation, options });
  return program(`
    const run = await pipeline(video(${JSON.stringify(clip)})).use(analyzer(${JSON.stringify(twin('faulty', isolation))}, ${use})).start();
    ${body}
  `);
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(50);
  }
  return false;
}

const places = inHosts.map((isolation) => [nameOf(isolation), isolation] as const);

describe.skipIf(!hostsWork || !compiled)('a program with an analyzer', () => {
  test.each(places)('in a %s ends by itself when nobody waits for the run', async (_, isolation) => {
    const { ended } = start(isolation, {}, "console.log('end of program');");
    expect(await ended).toMatchObject({ code: 0, signal: null, out: 'end of program\n' });
  });

  test.each(places)('in a %s ends after its loop, and its host with it', async (name, isolation) => {
    const body = 'let pid; for await (const frame of run) pid = parseInt(frame.faulty.host); console.log(pid);';
    const { child, ended } = start(isolation, {}, body);
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(Number(out) === child.pid).toBe(name === 'thread');
    expect(await gone(Number(out))).toBe(true);
  });

  test.each(places.filter(([name]) => name !== 'thread'))(
    'in a %s leaves no process behind when it exits or is killed while that one works',
    async (_, isolation) => {
      const body = (end: string) =>
        `for await (const frame of run) { console.log(parseInt(frame.faulty.host)); run.done; setTimeout(() => { ${end} }, 200); await new Promise(() => {}); }`;
      for (const end of ['process.exit(3)', "process.kill(process.pid, 'SIGKILL')", "throw new Error('on purpose')"]) {
        const { out } = await start(isolation, { at: { 1: 'loop' } }, body(end)).ended;
        expect(Number(out), end).toBeGreaterThan(1);
        expect(await gone(Number(out)), end).toBe(true);
      }
    },
  );
});
