/** `framepath new`: a template of an analyzer, with a test that passes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toOutputError } from '../errors.js';
import { reservedNames } from '../frame.js';
import { javaScript, python } from './analyzer-template.js';
import { type Command, json, readArguments, UsageError } from './command.js';

const usage = `Usage: framepath new analyzer NAME [--python] [--in FOLDER] [--json]

Writes NAME.js (or NAME.py) and its test, in this folder or FOLDER. Existing files stay as they are.
`;

/** Keywords of JavaScript modules and of Python: the files have variables of that name. */
const keywords = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super switch this
  throw true try typeof var void while with yield
  False None True and as assert async def del elif except from global is lambda nonlocal not or pass raise`.split(
    /\s+/,
  ),
);

export const newCommand: Command = {
  summary: 'write a template of an analyzer, with its test',
  usage,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {
      python: { type: 'boolean' },
      in: { type: 'string' },
      json: { type: 'boolean' },
    });
    const [what, name, more] = positionals;
    if (what !== 'analyzer' || name === undefined || more !== undefined)
      throw new UsageError('Expected: framepath new analyzer NAME');
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new UsageError(`Expected an identifier for NAME but received '${name}'`);
    if (reservedNames.has(name) || keywords.has(name))
      throw new UsageError(`Expected a name for NAME that is not taken but received '${name}'`);
    const folder = resolve(values.in ?? '.');
    const written: string[] = [];
    await mkdir(folder, { recursive: true }).catch((error) => Promise.reject(toOutputError(error, folder, true)));
    for (const [file, text] of Object.entries(values.python ? python(name) : javaScript(name))) {
      const path = join(folder, file);
      await writeFile(path, text, { flag: 'wx' }).catch((error) => Promise.reject(toOutputError(error, path, true)));
      written.push(path);
    }
    const test = values.python ? `python3 -m unittest test_${name}` : `node --test ${name}.test.js`;
    terminal.out(values.json ? json({ written, test }) : `${written.join('\n')}\ntest it: ${test}\n`);
    return 0;
  },
};
