// What a peer's process measures about itself and its children, and the one line of JSON it writes at the end.
import { readFileSync, writeFileSync } from 'node:fs';
import { watchLoop } from '../loop-delay.mjs';

const ticksPerSecond = 100; // USER_HZ of every Linux this runs on

/** CPU of a living process, or with `reaped` of the children it has waited for, in ms. */
function cpuMsOf(pid, reaped = false) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces
  const at = reaped ? 13 : 11;
  return ((Number(fields[at]) + Number(fields[at + 1])) * 1000) / ticksPerSecond;
}

/** Largest resident size so far. Not getrusage's: that starts at the size of the process that called fork. */
function peakBytesOf(pid) {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return peak ? Number(peak[1]) * 1024 : 0; // a zombie has none
}

/** The measured window. `children`: running child processes that do part of the work. */
export class Window {
  #delay = watchLoop();
  #children;
  #own;
  #childPeaks;
  #childCpuBefore;
  #started;
  #cpu;
  #sampler;
  #firstResultMs = null;

  /** own: false when this process only starts and watches the program that is measured. */
  constructor({ children = [], own = true } = {}) {
    this.#children = children;
    this.#own = own;
    this.#childPeaks = children.map(() => 0);
    this.#sampler = setInterval(() => this.sample(), 50).unref();
    this.#childCpuBefore = children.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0) + cpuMsOf('self', true);
    this.#cpu = process.cpuUsage();
    this.#started = performance.now();
  }

  /** Reads how large the children are; afterwards they cannot be asked. */
  sample() {
    this.#children.forEach(({ pid, exitCode, signalCode }, i) => {
      if (exitCode !== null || signalCode !== null) return;
      this.#childPeaks[i] = Math.max(this.#childPeaks[i], peakBytesOf(pid));
    });
  }

  /** Call with every result: the first one's time counts. */
  result() {
    this.#firstResultMs ??= performance.now() - this.#started;
  }

  /** Ends it, after every child has exited. */
  close() {
    const wallMs = performance.now() - this.#started;
    const { user, system } = process.cpuUsage(this.#cpu);
    const eventLoopDelayMs = this.#delay();
    clearInterval(this.#sampler);
    const childCpuMs = cpuMsOf('self', true) - this.#childCpuBefore;
    const childPeak = this.#childPeaks.reduce((sum, bytes) => sum + bytes, 0);
    return {
      wallMs,
      cpuMs: childCpuMs + (this.#own ? (user + system) / 1000 : 0),
      firstResultMs: this.#firstResultMs,
      peakRssBytes: childPeak + (this.#own ? peakBytesOf('self') : 0),
      eventLoopDelayMs: this.#own ? eventLoopDelayMs : null,
    };
  }
}

/** Detections as the suite compares them: a line for every frame. */
export function writeDetections(file, frames) {
  if (file) writeFileSync(file, frames.map((boxes) => `${JSON.stringify(boxes)}\n`).join(''));
}

/** Writes the trial's line to stdout. */
export function report({ settings }, measured, versions) {
  const trial = { ...measured, settings, versions: { node: process.versions.node, ...versions } };
  process.stdout.write(`${JSON.stringify(trial)}\n`);
}
