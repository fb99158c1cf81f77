// Misbehaves at the frames that options.at names: { index: how }. Once each, where options.once is a folder.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { defineAnalyzer } from 'framepath';

const faults = {
  throw: () => {
    throw new RangeError('on purpose');
  },
  bad: () => () => 'a function cannot be sent',
  exit: () => process.exit(1),
  segfault: () => {
    process.kill(process.pid, 'SIGSEGV');
    for (;;);
  },
  loop: () => {
    for (;;);
  },
  memory: () => {
    const all = [];
    for (let mb = 0; mb < 2048; mb++) all.push(new Array(131072).fill(mb + 0.5));
    return all.length;
  },
  reject: () => {
    Promise.reject(new Error('nobody waits for it'));
    return new Promise(() => {});
  },
};

export const faulty = defineAnalyzer({
  name: 'faulty',
  stateless: true,
  configure: async ({ at = {}, once, slowMs = 0, fails } = {}) => {
    await new Promise((resolve) => setTimeout(resolve, slowMs));
    if (fails) throw new Error('no such camera');
    return { at, once };
  },
  analyze({ source, index }, _, { at, once }) {
    const how = at[index];
    if (how && first(once, `${source}-${index}`)) return faults[how]();
    return { source, index, host: `${process.pid}/${threadId}` };
  },
});

function first(folder, name) {
  if (!folder) return true;
  try {
    mkdirSync(join(folder, name));
    return true;
  } catch {
    return false;
  }
}
