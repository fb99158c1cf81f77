// Does at frame 2 what an analyzer should not, on the descriptors of its process: options.does.
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { serialize } from 'node:v8';

const [asks, answers, pixels] = [3, 4, 5];

function send(bytes) {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  writeSync(answers, Buffer.concat([head, bytes]));
}

const faults = {
  truncate: () => ftruncateSync(pixels, 0),
  grow: () => ftruncateSync(pixels, 2 ** 40),
  write: () => writeSync(pixels, Buffer.alloc(4096, 255), 0, 4096, 0),
  draw: (frame) => frame.input.data.fill(255),
  text: () => writeSync(answers, 'this is not a message, it is text on the wrong descriptor\n'),
  json: () => send(Buffer.from('{"kind":')),
  nothing: () => send(serialize(null)),
  flood: () => {
    for (;;) send(Buffer.from('{"kind":"answer","id":1,"value":1,"startMs":0,"endMs":0}'));
  },
  deaf: () => closeSync(asks),
};

export const hostile = {
  name: 'hostile',
  input: { width: 64, height: 48, format: 'gray8' },
  configure: (options) => options,
  analyze(frame, _, { does }) {
    if (frame.index === 2) faults[does]?.(frame);
    return frame.index;
  },
  close({ closes }) {
    if (closes === 'never') return new Promise(() => undefined);
    if (closes === 'loops') for (;;);
  },
};
