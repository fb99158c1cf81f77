/** What is worth keeping between processes: measurements, findings about providers, engines. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FramepathError } from './errors.js';
import { userFolder } from './user-folder.js';

/** `$XDG_CACHE_HOME` or `~/.cache`, then `framepath`. @throws CONFIG_INVALID where there is neither */
export function cacheFolder(): string {
  const folder = userFolder('XDG_CACHE_HOME', '.cache');
  if (folder) return join(folder, 'framepath');
  const hint = 'Set HOME, or XDG_CACHE_HOME to a folder that only this user writes to';
  throw new FramepathError('CONFIG_INVALID', 'There is no folder for caches: this user has no home folder', { hint });
}

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
