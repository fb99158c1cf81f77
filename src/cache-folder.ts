/** What is worth keeping between processes: measurements, findings about providers, engines. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `$XDG_CACHE_HOME` or `~/.cache`, then `framepath`. */
export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framepath');

/** The file of that kind for these facts: another one as soon as any of them changes. */
export function cacheFile(kind: string, facts: object): string {
  const key = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
  return join(cacheFolder(), `${kind}-${key}.json`);
}

/** Whole or not at all, whoever else writes the same. */
export function writeCached(file: string, content: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}
