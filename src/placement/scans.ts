/** Files of analyzers as far as they are read before they are loaded; each once. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Scan, scanImports } from '../conflicts/imports.js';

export class Scans {
  readonly #scans = new Map<string, Promise<Scan>>();

  /** Of a JavaScript file. */
  of(file: string): Promise<Scan> {
    let scan = this.#scans.get(file);
    if (!scan) {
      scan = scanImports(file);
      this.#scans.set(file, scan);
    }
    return scan;
  }

  /** The name its analyzer has by the text of the file, else the file's own. */
  async nameOf(file: string): Promise<string> {
    const own = basename(file, extname(file));
    if (!existsSync(file)) return own;
    const written = file.endsWith('.py') ? pythonName(readFileSync(file, 'utf8')) : (await this.of(file)).name;
    return written ?? own;
  }
}

/** What `@analyzer` decorates, or the name that it is given. */
function pythonName(text: string): string | undefined {
  const [, given = '', decorated] =
    /^@(?:framepath\.)?analyzer\b([\s\S]*?)^(?:async\s+)?(?:def|class)\s+(\w+)/m.exec(text) ?? [];
  return /\bname\s*=\s*["'](\w+)["']/.exec(given)?.[1] ?? decorated;
}
