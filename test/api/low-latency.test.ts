import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pipeline, video } from '../../src/index.js';
import { folderFor, noAddon, patternClip } from './clips.js';
import { closed, within } from './outcomes.js';

describe.skipIf(noAddon !== undefined)('MPEG-TS to the network', () => {
  test('says how long each picture is: a receiver need not wait for the next one', async () => {
    const socket = createSocket('udp4');
    const datagrams: Buffer[] = [];
    socket.on('message', (datagram) => datagrams.push(datagram));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const run = await pipeline(video(patternClip(join(folderFor('low-latency'), 'clip.mp4'))))
      .encode(`udp://127.0.0.1:${socket.address().port}?pkt_size=1316`, { profile: 'realtime' })
      .start();
    await within(20_000, run.done);
    await closed(run);
    await new Promise((done) => setTimeout(done, 100));
    socket.close();
    const stream = Buffer.concat(datagrams);
    let pictures = 0;
    for (let at = 0; at < stream.length; at += 188) {
      const begins = stream[at + 1]! & 0x40;
      const payload = at + 4 + (stream[at + 3]! & 0x20 ? 1 + stream[at + 4]! : 0);
      if (!begins || stream.readUInt32BE(payload) !== 0x1e0) continue; // the start of a video packet
      pictures++;
      expect(stream.readUInt16BE(payload + 4)).toBeGreaterThan(0);
    }
    expect(pictures).toBeGreaterThan(40);
  });
});
