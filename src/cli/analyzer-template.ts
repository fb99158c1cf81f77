/** Templates of analyzers, each with a test that passes: file name -> text. */

export const javaScript = (name: string) => ({
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

export const python = (name: string) => ({
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
