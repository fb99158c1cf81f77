// One live run for as long as wanted: two cameras over UDP with sound, composed, encoded to the network and as HLS, canvases as JPEG,
// results. Every twenty seconds something happens to it: a camera goes away and comes back, the layout changes, one is muted, a
// third joins and leaves, an event is recorded. Its memory is read when all of it has passed.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two readings: twelve of them quiet. */
const periodMs = 20_000;

/** A camera: a clip in a loop at its own pace, to a port of this machine. */
function camera(clip, port) {
  const url = `udp://127.0.0.1:${port}?pkt_size=1316`;
  const args = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'mpegts', url];
  return spawn('ffmpeg', args, { stdio: 'ignore' });
}

/** Small, with sound and something that moves. */
function makeClip(path, frequency) {
  const lavfi = (graph) => ['-f', 'lavfi', '-i', graph];
  const picture = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p'];
  const inputs = [...lavfi('testsrc2=size=320x240:rate=25'), ...lavfi(`sine=frequency=${frequency}:sample_rate=44100`)];
  const made = spawn('ffmpeg', ['-v', 'error', '-y', ...inputs, '-t', '20', ...picture, '-c:a', 'aac', path]);
  return new Promise((done, fail) =>
    made.on('close', (status) => (status ? fail(new Error('ffmpeg failed')) : done(path))),
  );
}

/**
 * @param api what the library exports
 * @param read gives a reading, after garbage was collected
 * @returns {frames, readings: [[minute, reading]], report} with a last reading after the run was closed
 */
export async function soakLive(minutes, folder, api, read, log) {
  const { pipeline, video, detect, track, grid, split } = api;
  const clips = await Promise.all([440, 880].map((hz, i) => makeClip(join(folder, `camera${i}.mp4`), hz)));
  const base = 24_100 + (process.pid % 500) * 4;
  const source = (i, id = `camera${i}`) =>
    video(`udp://127.0.0.1:${base + i}?fifo_size=100000`, {
      id,
      live: true,
      reconnect: Number.POSITIVE_INFINITY,
      recorder: { preMs: 5000 },
    });
  const cameras = clips.map((clip, i) => camera(clip, base + i));
  const peers = new Set(cameras);
  try {
    const run = await pipeline(source(0), source(1))
      .use(detect('faces', 'blazeface'))
      .use(track('tracks', { of: 'faces' }))
      .compose(grid({ width: 640, height: 240 }), { canvases: true })
      .encode(`udp://127.0.0.1:${base + 3}?pkt_size=1316`, { profile: 'realtime', audio: 'mix' })
      .encode(join(folder, 'live.m3u8'), { profile: 'realtime', audio: 'mix', segmentMs: 1000, windowSegments: 4 })
      .results(join(folder, 'results.jsonl'))
      .start();
    let frames = 0;
    let canvases = 0;
    const taking = Promise.all([
      (async () => {
        for await (const _ of run) frames++;
      })(),
      (async () => {
        for await (const _ of run.canvases('0', { format: 'jpeg', width: 320 })) canvases++;
      })(),
    ]);
    const happenings = [
      async () => {
        cameras[1].kill('SIGKILL');
        peers.delete(cameras[1]);
        await sleep(4000);
        cameras[1] = camera(clips[1], base + 1);
        peers.add(cameras[1]);
      },
      async () =>
        run.layout(split({ left: 'camera0', right: 'camera1', width: 640, height: 240 }), { transitionMs: 500 }),
      async () => {
        run.audio({ sources: { camera0: 0 } });
        await sleep(2000);
        run.audio({ sources: { camera0: 1 } });
      },
      async () => run.layout(grid({ width: 640, height: 240 })),
      async () => {
        const late = camera(clips[0], base + 2);
        peers.add(late);
        const id = await run.add(source(2, `late${late.pid}`)); // an id is used once
        await sleep(3000);
        await run.remove(id);
        late.kill('SIGKILL');
        peers.delete(late);
      },
      async () => {
        const path = join(folder, 'event.mp4');
        await run.record('camera0', path, { preMs: 3000, postMs: 3000 });
        rmSync(path);
      },
    ];
    const begun = performance.now();
    const minute = () => (performance.now() - begun) / 60_000;
    const readings = [];
    for (let n = 0; minute() < minutes; n++) {
      const untilMs = begun + (n + 1) * periodMs;
      await happenings[n % happenings.length]();
      await sleep(Math.max(0, untilMs - performance.now()));
      const now = read({});
      readings.push([minute(), now]);
      if (n % 3 === 0)
        log(
          `${minute().toFixed(1)} min: ${now.rssMegabytes.toFixed(0)} MB, ${now.threads} threads, ${now.descriptors} files`,
        );
    }
    await run.close();
    await taking;
    const report = await run.report();
    readings.push([minute(), { ...readings.at(-1)[1], live: read(report.live).live }]);
    return { frames, canvases, readings, report };
  } finally {
    for (const peer of peers) peer.kill('SIGKILL');
  }
}
