// What a host writes to the pipe of its answers, and what a pool makes of it. An input is the bytes of the pipe.
import { EventEmitter } from 'node:events';
import { serialize } from 'node:v8';
import { cloned, json, receive } from '../../../lib/hosts/link.js';
import { HostPool } from '../../../lib/hosts/pool.js';
import { checkFacts } from '../../../lib/modules/definition.js';
import { main } from './fuzzer.mjs';

const definition = { name: 'm', depends: ['faces'], stateless: true, input: { width: 64, format: 'gray8' } };
const times = { startMs: 1, endMs: 2 };
const answers = (value) => [1, 2, 3].map((id) => ({ kind: 'answer', id, value, ...times }));
const opened = { kind: 'opened', definition };

const seeds = [
  { codec: 'json', messages: [opened, ...answers({ smile: 0.5, boxes: [{ box: [1, 2, 3, 4], score: 1 }] })] },
  {
    codec: 'clone',
    messages: [
      opened,
      ...answers({ embedding: new Float32Array(8), when: new Date(5), all: new Map([['a', new Set([1])]]) }),
    ],
  },
  {
    codec: 'json',
    messages: [opened, { kind: 'failed', id: 1, error: { name: 'E', message: 'm', stack: 's' }, ...times }],
  },
  { codec: 'json', messages: [opened, { kind: 'outOfReach', id: 1, reason: 'why', ...times }, ...answers([[[[1]]]])] },
  { codec: 'clone', messages: [{ kind: 'unusable', error: { name: 'E', message: 'm' } }] },
];

const known = ['MODULE_CRASHED', 'MODULE_UNUSABLE', 'RUN_CLOSED', 'INVALID_ARGUMENT'];

export const target = {
  name: 'link',
  seeds: () => seeds,
  encode: ({ codec, messages }) =>
    Buffer.concat(
      messages.flatMap((message) => {
        const body = codec === 'json' ? Buffer.from(JSON.stringify(message) ?? '') : serialize(message);
        const head = Buffer.alloc(4);
        head.writeUInt32LE(body.length);
        return [head, body];
      }),
    ),
  async run(bytes) {
    let answered = 0;
    for (const codec of [cloned, json]) {
      for (const size of [bytes.length, 7]) {
        // A host that writes all of it, whatever it is asked.
        const open = (_, { message, broken, ended }) => {
          const pipe = Object.assign(new EventEmitter(), { destroy: () => pipe.removeAllListeners() });
          receive(codec, pipe, message, broken);
          let over = false;
          const end = (why) => {
            if (!over) queueMicrotask(() => ended(why));
            over = true;
          };
          const send = ({ kind }) => {
            if (kind === 'close') end('it exited with status 0');
            if (kind !== 'open') return;
            queueMicrotask(() => {
              for (let at = 0; at < bytes.length && !over; at += size) pipe.emit('data', bytes.subarray(at, at + size));
              setImmediate(() => end('it exited with status 0'));
            });
          };
          return { pid: 1, label: 'process 1', send, kill: () => end('it was killed'), unref() {}, ref() {} };
        };
        const pool = new HostPool(
          {
            name: 'm',
            file: 'm.js',
            options: {},
            place: { isolation: 'process', root: '/', inputs: 0 },
            instances: 1,
            restarts: 0,
            backoffMs: 0,
            startTimeoutMs: 1000,
            timeoutMs: 0,
          },
          () => undefined,
          open,
        );
        const asked = [1, 2, 3].map(() => pool.ask({ frame: {}, deps: {} }));
        const ends = await Promise.allSettled([pool.start().then(checkFacts), ...asked]);
        for (const { status, reason } of ends) {
          if (status === 'fulfilled') answered++;
          else if (!(reason instanceof Error)) throw new Error(`it was refused with ${String(reason)}`);
          else if (reason.code !== undefined && !known.includes(reason.code)) throw reason;
        }
        await pool.close();
      }
    }
    return answered > 4 ? 'read' : 'refused';
  },
};

if (import.meta.filename === process.argv[1]) await main(target);
