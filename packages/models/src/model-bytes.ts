/** Reads untrusted model files: only regular files of a bounded size. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { ModelError } from './model-error.js';

/** Largest file: the limit of protobuf and FlatBuffers. */
const mostFileBytes = 2 ** 31 - 1;

/** @throws MODEL_NOT_FOUND when it cannot be opened, MODEL_INVALID when it is no regular file or too large */
export function readModelFile(path: string, most = mostFileBytes): Buffer {
  return withFile(path, (descriptor) => readAll(path, descriptor, most));
}

/**
 * A file that a model refers to; it has to be in the model's folder or below, after resolving links.
 * @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
export function readFileBeside(folder: string, name: string, most = mostFileBytes): Buffer {
  const outside = () =>
    new ModelError('MODEL_INVALID', `It names the file '${name}', which is not in its folder ${folder}`, {
      hint: 'Put the file beside the model.',
    });
  if (isAbsolute(name) || name.includes('\0') || name.split(/[\\/]/).includes('..')) throw outside();
  const path = join(folder, name);
  return withFile(path, (descriptor) => {
    // Of the open file: the path can change meanwhile.
    const at = process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${descriptor}`) : realpathSync(path);
    if (!at.startsWith(join(realpathSync(folder), sep))) throw outside();
    return readAll(path, descriptor, most);
  });
}

function withFile<T>(path: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    // Non-blocking: a FIFO may never get a writer.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw new ModelError('MODEL_NOT_FOUND', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(path: string, descriptor: number, most: number): Buffer {
  const found = fstatSync(descriptor);
  if (!found.isFile()) throw new ModelError('MODEL_INVALID', `${path} is not a file`);
  if (found.size > most) throw new ModelError('MODEL_INVALID', `${path} has ${found.size} bytes, more than ${most}`);
  const bytes = Buffer.allocUnsafeSlow(found.size);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, at);
    if (read === 0) break; // the file was truncated meanwhile
    at += read;
  }
  return bytes.subarray(0, at);
}
