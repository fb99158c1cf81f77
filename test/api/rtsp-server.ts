/**
 * A small RTSP server: one H.264 video, live, in a loop, interleaved into the TCP connection (RFC 2326, 10.12). ffmpeg
 * makes the RTP packets and the SDP; here they are handed to whoever plays.
 */
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { folderFor } from './clips.js';
import { endLater, ffmpegPeer, freeUdpPort, until } from './peers.js';

export interface RtspServer {
  url: string;
  /** clients that have asked to play so far */
  plays(): number;
  kill(): Promise<void>;
}

/** An SDP as DESCRIBE gives it: no port, one controllable track. */
function described(sdp: string): string {
  const lines = sdp.trim().split(/\r?\n/);
  const body = lines.map((line) => line.replace(/^m=video \d+/, 'm=video 0'));
  return `${[...body, 'a=control:track0'].join('\r\n')}\r\n`;
}

export async function rtspServer(clip: string, port: number): Promise<RtspServer> {
  const playing = new Set<Socket>();
  const clients = new Set<Socket>();
  let plays = 0;

  const relay = async (channel: number) => {
    const socket = createSocket('udp4');
    socket.on('message', (packet) => {
      const head = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 255]);
      for (const client of playing) client.write(Buffer.concat([head, packet]));
    });
    const udp = await freeUdpPort();
    await new Promise<void>((done) => socket.bind(udp, '127.0.0.1', done));
    return { socket, udp };
  };
  const rtp = await relay(0);
  const rtcp = await relay(1);
  const target = `rtp://127.0.0.1:${rtp.udp}?rtcpport=${rtcp.udp}&pkt_size=1200`;
  const file = join(folderFor('rtsp'), 'live.sdp');
  const sender = ffmpegPeer(
    ...['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-an', '-c', 'copy'],
    ...['-sdp_file', file, '-f', 'rtp', target],
  );
  const written = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  const sdp = described(await until('the SDP', () => /a=fmtp.*\r?\n/.test(written()) && written()));

  const answer = (client: Socket, request: string) => {
    const [method] = request.split(' ');
    const cseq = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? '0';
    const reply = (headers: string[], body = '', status = '200 OK') =>
      client.write(`RTSP/1.0 ${[status, `CSeq: ${cseq}`, ...headers].join('\r\n')}\r\n\r\n${body}`);
    const session = 'Session: 1234';
    if (method === 'OPTIONS') reply(['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN']);
    else if (method === 'DESCRIBE') reply(['Content-Type: application/sdp', `Content-Length: ${sdp.length}`], sdp);
    else if (method === 'SETUP' && !/interleaved/i.test(request)) reply([], '', '461 Unsupported Transport');
    else if (method === 'SETUP') reply(['Transport: RTP/AVP/TCP;unicast;interleaved=0-1', session]);
    else if (method === 'PLAY') {
      reply([session]);
      playing.add(client);
      plays++;
    } else reply([session]);
  };

  const server = createServer((client) => {
    clients.add(client);
    let text = Buffer.alloc(0);
    client.on('data', (more) => {
      text = Buffer.concat([text, more]);
      for (;;) {
        if (text[0] === 0x24) {
          // The client's own RTCP, interleaved.
          const length = 4 + text.readUInt16BE(2);
          if (text.length < length) return;
          text = text.subarray(length);
          continue;
        }
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        answer(client, text.subarray(0, end).toString());
        text = text.subarray(end + 4);
      }
    });
    client.on('error', () => client.destroy());
    client.on('close', () => {
      playing.delete(client);
      clients.delete(client);
    });
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));

  const served: RtspServer = {
    url: `rtsp://127.0.0.1:${port}/live`,
    plays: () => plays,
    async kill() {
      for (const client of clients) client.destroy();
      if (server.listening) await new Promise((done) => server.close(done));
      await sender.kill();
      for (const { socket } of [rtp, rtcp]) socket.close();
      served.kill = async () => {};
    },
  };
  endLater({ kill: () => served.kill() });
  return served;
}
