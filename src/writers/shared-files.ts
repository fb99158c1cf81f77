/** Refuses a file that is written while the same run reads or writes it elsewhere. */
import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { FramepathError } from '../errors.js';
import type { PipelineSpec } from '../generated/specs.js';
import { filesOfPlaylist } from './playlist.js';

/** More links than that lead nowhere, for the system too. */
const mostLinks = 40;

/** A file, and its use for error messages (`a source`). */
export interface UsedFile {
  path: string;
  use: string;
}

/** Paths in URIs of protocols that open others: `concat:a.mp4|b.mp4`, `subfile,,start,0,end,9,,:a.mp4`. */
function wrappedPaths(uri: string): string[] {
  const protocols = /^([a-z][a-z0-9+.-]*(,[^:]*)?:)+/i;
  return protocols.test(uri) ? uri.split('|').map((part) => part.replace(protocols, '')) : [];
}

/** The files that a run reads; URLs never match a file. */
export function readFiles({ sources, modules }: PipelineSpec): UsedFile[] {
  const pictures = sources.flatMap(({ uri, images = [] }) => [...(uri === undefined ? [] : [uri]), ...images]);
  const others = modules.flatMap((module) => [
    ...('model' in module ? [{ path: module.model.file, use: 'a model' }] : []),
    ...('bank' in module && module.bank !== undefined ? [{ path: module.bank, use: 'a bank of identities' }] : []),
  ]);
  return [
    ...pictures.map((path) => ({ path, use: 'a source' })),
    ...pictures
      .flatMap((path) => [...filesOfPlaylist(path), ...wrappedPaths(path)])
      .map((path) => ({ path, use: 'a file of a source' })),
    ...others,
  ];
}

/** The files that are there already among those that an output writes: itself, and for HLS its segments. */
export function writtenFiles(output: string): UsedFile[] {
  const { dir, name, ext } = parse(output);
  const segments = ext.toLowerCase() === '.m3u8' ? entriesOf(dir || '.').filter((each) => isSegment(each, name)) : [];
  return [
    { path: output, use: 'output' },
    ...segments.map((each) => ({ path: join(dir, each), use: 'segment of the output,' })),
  ];
}

/** As `native/media/output.cc` names them. */
function isSegment(file: string, playlist: string): boolean {
  return file.startsWith(playlist) && /^(-?\d+\.(ts|m4s)|-init\.mp4)$/.test(file.slice(playlist.length));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // opening the output reports the error
  }
}

/** @throws INVALID_ARGUMENT */
export function refuseSharedFiles(written: readonly UsedFile[], read: readonly UsedFile[]): void {
  const uses = new Map(read.map(({ path, use }) => [identityOf(path), use]));
  for (const { path, use } of written) {
    const identity = identityOf(path);
    const other = identity === undefined ? undefined : uses.get(identity);
    if (other !== undefined)
      throw new FramepathError('INVALID_ARGUMENT', `The ${use} ${path} is also ${other}`, {
        hint: 'Write to another file.',
      });
    uses.set(identity, `the ${use}`);
  }
}

/** Equal for paths that lead to one file, also by links. Undefined for devices and pipes, which can be shared. */
function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return placeOf(path); // does not exist yet, or cannot be opened: opening it reports the error
  }
}

/** Where a file that does not exist would be, links followed. */
function placeOf(path: string, links = 0): string {
  const { dir, base } = parse(resolve(path));
  try {
    const target = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
    if (target !== undefined && links < mostLinks) return placeOf(resolve(dir, target), links + 1);
    return join(realpathSync(dir), base);
  } catch {
    return resolve(path);
  }
}
