// From schema/*.mjs: src/generated, native/generated, schemas and python/framepath/messages.py. Plain Node without
// dependencies; it runs before every compiler and writes only what has changed. `node scripts/schema/generate.mjs [ROOT]`
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cppFiles } from './cpp.mjs';
import { defaultFiles } from './cpp-defaults.mjs';
import { packedFiles } from './cpp-packed.mjs';
import { resultFiles } from './cpp-results.mjs';
import { specFiles } from './cpp-specs.mjs';
import { jsonSchemas } from './json-schema.mjs';
import { pythonFile } from './messages.mjs';
import { typescriptFiles } from './typescript.mjs';

/** Path -> text of every generated file, of the schema in `root`. */
async function generatedFiles(root) {
  const load = (name) => import(pathToFileURL(join(root, 'schema', name)).href);
  const named = ['source', 'module', 'layout', 'requests', 'run'];
  const parts = await Promise.all(named.map((name) => load(`${name}.mjs`)));
  const objectsOf = Object.fromEntries(named.map((name, i) => [name, parts[i].objects]));
  const [found, reported] = await Promise.all(['results.mjs', 'report.mjs'].map(load));
  const schema = {
    ...(await load('enums.mjs')),
    ...(await load('errors.mjs')),
    ...(await load('packed.mjs')),
    hosts: await load('messages.mjs'),
    objects: parts.flatMap(({ objects }) => objects),
    unions: parts.flatMap(({ unions = [] }) => unions),
    aliases: found.aliases,
    results: [...found.values, found.relink, ...reported.results],
    crossing: reported.crossing,
    lines: found.lines,
    documents: {
      ...reported.documents,
      results: { schema: found.line, also: found.values },
      run: { schema: parts.at(-1).pipeline },
    },
  };
  return {
    ...typescriptFiles(schema),
    ...cppFiles(schema),
    ...specFiles(schema),
    ...resultFiles(schema),
    ...packedFiles(schema),
    ...pythonFile({ ...schema, ...schema.hosts }),
    ...jsonSchemas(schema),
    ...defaultFiles(objectsOf, schema),
  };
}

/** Folders that hold nothing but what is generated. */
const folders = ['src/generated', 'native/generated', 'schemas'];

export async function generate(root) {
  const files = await generatedFiles(root);
  for (const [path, text] of Object.entries(files)) write(join(root, path), text);
  for (const folder of folders)
    for (const name of readdirSync(join(root, folder)))
      if (!(`${folder}/${name}` in files)) rmSync(join(root, folder, name));
}

function write(file, text) {
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch {
    mkdirSync(dirname(file), { recursive: true });
  }
  writeFileSync(file, text);
}

if (import.meta.filename === process.argv[1]) await generate(process.argv[2] ?? join(import.meta.dirname, '../..'));
