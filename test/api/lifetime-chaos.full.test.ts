/** Random runs that are closed, aborted, broken out of and dropped at random moments, in one process. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstSeed } from '../seed.js';
import { compiled, program } from './children.js';
import { folderFor, patternClip } from './clips.js';

test.skipIf(!compiled).each([0, 1, 2, 3, 4, 5].map((i) => firstSeed + i))(
  '120 random runs leave nothing behind (seed %i)',
  async (seed) => {
    const folder = folderFor('chaos');
    const clips = [
      patternClip(join(folder, 'short.mp4'), { seconds: 1, size: '160x120' }),
      patternClip(join(folder, 'long.mp4'), { seconds: 30, size: '320x180', fps: 30 }),
      join(folder, 'none.mp4'),
    ];
    const { ended } = program(
      `
    const clips = ${JSON.stringify(clips)}, folder = ${JSON.stringify(folder)};
    let state = Math.imul(${seed}, 2654435761) >>> 0 || 1;
    const random = (n) => {
      state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
      return (state >>> 0) % n;
    };
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const coded = (error) => { if (error?.name !== 'FramepathError' || error.code === 'INTERNAL') throw error; };
    const gray = { data: new Uint8Array(1024), width: 32, height: 32, format: 'gray8' };
    async function* pushed(n) {
      for (let i = 0; i < n; i++) { if (i % 9 === 0) await sleep(1); yield gray.data; }
      if (n % 5 === 0) throw new Error('enough');
    }
    const analyzers = [
      () => 1,
      (frame) => frame.pixels({ width: 4, height: 4 }).data[0],
      () => sleep(random(4)),
      (frame) => { if (frame.index % 7 === 3) throw new Error('seven'); },
      () => (random(20) ? 1 : new Promise(() => {})),
    ];
    let current, where = '';
    async function once(i) {
      where = 'start';
      const source = () => random(4) ? video(clips[random(12) ? random(2) : 2]) : frames(pushed(random(60)), { width: 32, height: 32, format: 'gray8' });
      let description = pipeline(...Array.from({ length: 1 + random(3) }, source));
      for (let n = random(3); n > 0; n--)
        description = description.use(analyzer({
          name: 'a' + n, pixels: true, onError: random(3) ? 'skip' : 'fail', timeoutMs: 20 + random(30), analyze: analyzers[random(analyzers.length)],
        }));
      const packets = random(8) === 0;
      if (packets || random(2)) description = description.compose(grid({ width: 160, height: 90 })).encode(packets ? null : folder + '/o' + i + '.mp4', { profile: 'realtime' });
      if (random(3) === 0) description = description.keepPixels();
      if (random(3) === 0) description = description.results(folder + '/r' + i + '.jsonl');
      description = description.options({ inFlight: 3 + random(4), resultQueue: 1 + random(8) });
      const abort = new AbortController();
      if (random(4) === 0) setTimeout(() => abort.abort(), random(60));
      const run = await description.start({ signal: abort.signal });
      current = run;
      where = 'going';
      const beside = [];
      if (random(3) === 0) beside.push(run.submit(random(2) ? gray : clips[0]).catch(coded));
      if (random(4) === 0) beside.push(run.add(source()).catch(coded));
      if (random(4) === 0) beside.push(run.remove('0').catch(coded));
      if (random(5) === 0) setTimeout(() => void run.close().catch(() => {}), random(50));
      if (packets) beside.push((async () => { for await (const packet of run.packets()); })().catch(coded));
      const stop = random(40);
      const how = random(5);
      const going = (async () => {
        if (how === 0) return sleep(random(40));
        if (how === 1) { setTimeout(() => void run.close().catch(() => {}), 200); return run.done; }
        let n = 0;
        for await (const frame of run) {
          if (how === 2 && random(8) === 0) await sleep(2);
          if (how === 3 && random(6) === 0) { try { frame.keep(); } catch (error) { coded(error); } }
          if (n++ > stop && how !== 4) break;
          if (n > 300) break;
        }
      })();
      await going.catch(coded);
      where = 'close';
      await Promise.all([run.close().catch(coded), ...beside]);
      const report = await run.report();
      if (Object.values(report.live).some((n) => n !== 0)) throw new Error('alive: ' + JSON.stringify(report.live));
      for (const { in: taken, delivered, dropped, inFlight } of report.sources)
        if (inFlight !== 0 || taken !== delivered + Object.values(dropped).reduce((a, b) => a + b, 0)) throw new Error('lost: ' + JSON.stringify(report.sources));
    }
    let ran = 0;
    for (let i = 0; i < 120; i++) {
      let timer;
      const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('run ' + i + ' hangs at ' + where + ': ' + JSON.stringify(current?.progress))), 20_000); });
      await Promise.race([once(i).catch(coded), late]);
      clearTimeout(timer);
      ran++;
    }
    console.log(ran);
    `,
      { seconds: 400 },
    );
    const { code, signal, out, err } = await ended;
    expect({ code, signal, out }, err).toEqual({ code: 0, signal: null, out: '120\n' });
  },
  420_000,
);
