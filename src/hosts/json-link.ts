/** Messages on a pair of pipes: four bytes of length (little endian), then JSON. */
import type { Readable, Writable } from 'node:stream';

/** JSON has no typed arrays: they go as lists. A dependency that said nothing is there, as null. */
const plain = (_: string, value: unknown) =>
  value === undefined
    ? null
    : ArrayBuffer.isView(value) && !(value instanceof DataView)
      ? Array.from(value as unknown as ArrayLike<number>)
      : value;

export function jsonLink(to: Writable, from: Readable, received: (message: unknown) => void) {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (bytes: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, bytes]) : bytes;
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
      const end = 4 + rest.readUInt32LE(0);
      const text = rest.toString('utf8', 4, end);
      rest = rest.subarray(end);
      received(JSON.parse(text));
    }
  });
  for (const pipe of [to, from]) pipe.on('error', () => undefined); // the other side has ended; its exit is told
  return {
    send(message: object): void {
      const text = Buffer.from(JSON.stringify(message, plain));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(text.length);
      to.write(Buffer.concat([head, text]));
    },
    unref(): void {
      for (const pipe of [to, from]) (pipe as unknown as { unref?(): void }).unref?.();
    },
  };
}
