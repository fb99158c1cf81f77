/** A file of a writer; its failures are FramepathErrors. */
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FramepathError, toOutputError } from '../errors.js';

const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants;

/** Opens an existing file, without blocking on a pipe that has no reader. */
async function openThere(path: string): Promise<FileHandle> {
  const file = await open(path, O_WRONLY | O_CREAT | O_NONBLOCK);
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  // Pipes of this process, e.g. /dev/stdout, have a reader.
  if (!found.isCharacterDevice() && !/^\/(dev|proc)\//.test(path))
    throw new FramepathError('OUTPUT_UNWRITABLE', `Cannot write ${path}: it is neither a file nor a character device`);
  return open(path, O_WRONLY);
}

/**
 * Opened before the run starts, so that a path that cannot be written fails there; emptied by `begin` once the run has
 * started, so that a start that fails leaves what was there before.
 */
export class OutputFile {
  #written = false;
  #begun = false;
  #closed = false;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly created: boolean,
  ) {}

  /** @throws OUTPUT_UNWRITABLE, OUTPUT_DISK_FULL */
  static async open(path: string): Promise<OutputFile> {
    const absolute = resolve(path);
    try {
      const created = await open(absolute, 'wx').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return undefined;
        throw error;
      });
      return new OutputFile(absolute, created ?? (await openThere(absolute)), !!created);
    } catch (error) {
      throw toOutputError(error, absolute, true);
    }
  }

  /** Empties the file: from here on it is this run's. @throws OUTPUT_FAILED */
  async begin(): Promise<void> {
    try {
      if ((await this.file.stat()).isFile()) await this.file.truncate(0);
      this.#begun = true;
    } catch (error) {
      throw toOutputError(error, this.path, false);
    }
  }

  /** @throws OUTPUT_FAILED, OUTPUT_DISK_FULL */
  async write(data: string | Uint8Array): Promise<void> {
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      await this.file.writeFile(bytes);
      this.#written = true;
    } catch (error) {
      throw toOutputError(error, this.path, false);
    }
  }

  /** Idempotent. A file that was never written to is removed; a device or a pipe is not. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const ours = this.created || this.#begun;
      const empty = ours && !this.#written && (await this.file.stat()).isFile();
      await this.file.close();
      if (empty) await unlink(this.path);
    } catch (error) {
      throw toOutputError(error, this.path, false);
    }
  }
}

/** Writes a whole file. @throws OUTPUT_UNWRITABLE, OUTPUT_FAILED, OUTPUT_DISK_FULL */
export async function writeOutput(path: string, data: string | Uint8Array): Promise<void> {
  const file = await OutputFile.open(path);
  try {
    await file.begin();
    await file.write(data);
  } finally {
    await file.close();
  }
}
