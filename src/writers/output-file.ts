/** A file that a writer fills; its failures are coded. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toOutputError } from '../errors.js';

/** Opened (and emptied) when the run starts, so that a path that cannot be written fails there. */
export class OutputFile {
  #bytes = 0;
  #closed = false;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL */
  static async open(path: string): Promise<OutputFile> {
    const absolute = resolve(path);
    try {
      return new OutputFile(absolute, await open(absolute, 'w'));
    } catch (error) {
      throw toOutputError(error, absolute, true);
    }
  }

  /** @throws OUTPUT_FAILED, OUTPUT_DISK_FULL */
  async write(data: string | Uint8Array): Promise<void> {
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      await this.file.writeFile(bytes);
      this.#bytes += bytes.byteLength;
    } catch (error) {
      throw toOutputError(error, this.path, false);
    }
  }

  /** Idempotent. A file that nothing was written to is removed; a device or a pipe is not. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const empty = this.#bytes === 0 && (await this.file.stat()).isFile();
      await this.file.close();
      if (empty) await unlink(this.path);
    } catch (error) {
      throw toOutputError(error, this.path, false);
    }
  }
}
