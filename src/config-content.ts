/** The content of a configuration file, read within bounds. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

/** A file of settings written by hand is far smaller. */
const mostBytes = 1 << 20;

/** The text of a JSON file; of a module nothing, only that it is a file. Opening a FIFO does not wait for its writer. */
export async function readBounded(path: string, isJson: boolean): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`);
    if (!isJson) return '';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes + 1), 0, mostBytes + 1, 0);
    if (bytesRead > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`); // of a file without a known size
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file?.close();
  }
}

/** The timer also keeps the process alive, which would end in silence while a module awaits what never comes. */
export async function importWithin(path: string, withinMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`it has exported nothing after ${withinMs / 1000} s`)), withinMs);
  });
  try {
    return await Promise.race([import(pathToFileURL(path).href).then((module) => module.default as unknown), late]);
  } finally {
    clearTimeout(timer);
  }
}
