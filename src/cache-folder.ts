/** What is worth keeping between processes: measurements, findings about providers, engines. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `$XDG_CACHE_HOME` or `~/.cache`, then `framepath`. */
export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framepath');

/** Whole or not at all, whoever else writes the same. */
export function writeCached(file: string, content: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}
