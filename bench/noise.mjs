// Load of the machine by other processes: CPU time of the whole machine, less that of the trial.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Milliseconds per tick of /proc/stat. */
const tickMs = 10;

function busyMs() {
  const line = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'));
  const [user, nice, system, , , irq, softirq, steal] = line[1].split(' ').map(Number);
  return (user + nice + system + irq + softirq + (steal ?? 0)) * tickMs;
}

/** CPU milliseconds of this process's children that have ended, and theirs. */
export function childrenMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) * tickMs;
}

/** Starts a reading; the returned function gives the share (0 to 1) of the machine that others used since. */
export function watchOthers() {
  const begun = performance.now();
  const busy = busyMs();
  const own = childrenMs();
  return () => {
    const wall = performance.now() - begun;
    const others = busyMs() - busy - (childrenMs() - own);
    return Math.max(0, others) / (wall * availableParallelism());
  };
}
