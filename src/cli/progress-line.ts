/** Progress on standard error: a bar on a terminal, a line now and then elsewhere. */
import type { Progress } from '../generated/results.js';
import type { Terminal } from './terminal.js';

const redrawMs = 120;
const plainMs = 5000;

/** Draws until stopped. */
export class ProgressLine {
  readonly #timer: NodeJS.Timeout;
  #drawn = false;

  constructor(
    private readonly terminal: Terminal,
    private readonly read: () => Progress,
  ) {
    this.#timer = setInterval(() => this.#draw(), terminal.interactive ? redrawMs : plainMs);
    this.#timer.unref();
  }

  #draw(): void {
    const progress = this.read();
    this.#drawn = this.terminal.interactive;
    this.terminal.err(this.#drawn ? `\r\x1b[2K${bar(progress, this.terminal.columns)}` : `${progressText(progress)}\n`);
  }

  /** Removes the bar. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#drawn) this.terminal.err('\r\x1b[2K');
  }
}

/** One line of text, e.g. `312/900 frames, 87 frames/s, 7 s left`. */
export function progressText({ frames, total, fps, etaMs }: Progress): string {
  const left = etaMs > 0 ? `, ${duration(etaMs)} left` : '';
  return `${frames}${total > 0 ? `/${total}` : ''} frames, ${fps >= 10 ? fps.toFixed(0) : fps.toFixed(1)} frames/s${left}`;
}

/** The text with a bar before it, cut to the width of the terminal. */
export function bar(progress: Progress, columns: number): string {
  const text = progressText(progress);
  const width = Math.min(40, columns - text.length - 10);
  if (!(progress.total > 0) || width < 5) return text.slice(0, columns - 1);
  const part = Math.min(1, progress.frames / progress.total);
  const full = Math.round(part * width);
  const percent = `${Math.floor(part * 100)}`.padStart(3);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent} %  ${text}`;
}

/** `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const s = Math.ceil(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
