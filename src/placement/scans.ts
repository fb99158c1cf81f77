/** Facts read from files and packages before anything is loaded, cached. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Scan, scanImports } from '../conflicts/imports.js';
import { type NativeOf, type NativePackage, nativeOf } from '../conflicts/native-packages.js';
import { findListed, type ListedAnalyzer, listedAnalyzers } from '../packages/listed-analyzers.js';

/** `make`, once for each key. */
function once<T, V>(make: (of: T) => V, keyOf: (of: T) => string): (of: T) => V {
  const made = new Map<string, V>();
  return (of) => {
    const key = keyOf(of);
    if (!made.has(key)) made.set(key, make(of));
    return made.get(key)!;
  };
}

export class Scans {
  /** The imports of a JavaScript file. */
  readonly of: (file: string) => Promise<Scan> = once(scanImports, (file) => file);
  /** The native code of a package. */
  readonly native: NativeOf = once<Parameters<NativeOf>[0], NativePackage | undefined>(
    nativeOf,
    ({ folder }) => folder,
  );
  /** The analyzers that are listed for a program in a folder. */
  readonly listed: (folder: string) => readonly ListedAnalyzer[] = once(listedAnalyzers, (folder) => folder);

  /** @throws MODULE_UNUSABLE */
  findListed(name: string, folder: string): string {
    return findListed(name, folder, this.listed);
  }

  /** The analyzer's name in the text of the file, else the file's base name. */
  async nameOf(file: string): Promise<string> {
    const own = basename(file, extname(file));
    if (!existsSync(file)) return own;
    const written = file.endsWith('.py') ? pythonName(readFileSync(file, 'utf8')) : (await this.of(file)).name;
    return written ?? own;
  }
}

/** The name passed to `@analyzer`, else that of the decorated function or class. */
function pythonName(text: string): string | undefined {
  const [, given = '', decorated] =
    /^@(?:framepath\.)?analyzer\b([\s\S]*?)^(?:async\s+)?(?:def|class)\s+(\w+)/m.exec(text) ?? [];
  return /\bname\s*=\s*["'](\w+)["']/.exec(given)?.[1] ?? decorated;
}
