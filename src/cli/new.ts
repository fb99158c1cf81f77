/** `framepath new`: a template of an analyzer, with a test that passes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toOutputError } from '../errors.js';
import { reservedNames } from '../frame.js';
import { type Command, json, readArguments, UsageError } from './command.js';

const usage = `Usage: framepath new analyzer NAME [--python] [--in FOLDER] [--json]

Writes NAME.js (or NAME.py) and its test, in this folder or FOLDER. Existing files stay as they are.
`;

const javaScript = (name: string) => ({
  [`${name}.js`]: `import { defineAnalyzer } from 'framepath';

/** The mean brightness of a frame, 0 to 255. Used as analyzer('./${name}.js'). */
export const ${name} = defineAnalyzer({
  name: '${name}',
  stateless: true,
  input: { width: 64, format: 'gray8' },
  analyze({ input }) {
    return input.data.reduce((sum, value) => sum + value, 0) / input.data.length;
  },
});
`,
  [`${name}.test.js`]: `// node --test
import assert from 'node:assert/strict';
import test from 'node:test';
import { ${name} } from './${name}.js';

test('${name} is the mean of the pixels', () => {
  const input = { data: Uint8Array.of(0, 50, 100, 250), width: 2, height: 2, format: 'gray8' };
  const frame = { source: '0', index: 0, timeMs: 0, width: 2, height: 2, input };
  assert.equal(${name}.analyze(frame, {}), 100);
});
`,
});

const python = (name: string) => ({
  [`${name}.py`]: `from framepath import analyzer


@analyzer(stateless=True, input={"width": 64, "format": "gray8"})
def ${name}(frame, deps):
    """The mean brightness of a frame, 0 to 255. Used as analyzer('./${name}.py')."""
    return sum(frame.input.data) / len(frame.input.data)
`,
  [`test_${name}.py`]: `# python3 -m unittest
import os
import subprocess
import sys
import unittest

package = subprocess.check_output(["node", "-p", "require.resolve('framepath/package.json')"], text=True).strip()
sys.path.insert(0, os.path.join(os.path.dirname(package), "python"))

from framepath import Frame, Picture  # noqa: E402
from ${name} import ${name}  # noqa: E402


class Test(unittest.TestCase):
    def test_is_the_mean_of_the_pixels(self):
        picture = Picture(memoryview(bytes([0, 50, 100, 250])), 2, 2, "gray8")
        frame = Frame({"source": "0", "index": 0, "timeMs": 0, "width": 2, "height": 2}, picture)
        self.assertEqual(${name}(frame, {}), 100)


if __name__ == "__main__":
    unittest.main()
`,
});

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
      try {
        await writeFile(path, text, { flag: 'wx' });
      } catch (error) {
        throw toOutputError(error, path, true);
      }
      written.push(path);
    }
    const test = values.python ? `python3 -m unittest test_${name}` : `node --test ${name}.test.js`;
    terminal.out(values.json ? json({ written, test }) : `${written.join('\n')}\ntest it: ${test}\n`);
    return 0;
  },
};
