// The ffmpeg program as a child that is measured from the moment its files are open, not from the start of the process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Starts ffmpeg; resolves once it has opened its files. `done()` resolves when it has ended well. */
export async function startFfmpeg(args) {
  const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-nostats', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let log = '';
  const opened = new Promise((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      if (log.includes('Stream mapping:')) resolve();
    });
  });
  await Promise.race([opened, ended]);
  return {
    child,
    async done() {
      const [status, signal] = await ended;
      if (status !== 0) throw new Error(`ffmpeg ended with ${status ?? signal}\n${log}`);
    },
  };
}
