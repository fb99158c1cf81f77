/** Files that are taken for ONNX Runtime: what is no whole library of it is refused before any of its code runs. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { GraphBuilder } from '../packages/models/src/graph-builder.js';
import { writeModel } from '../packages/models/src/onnx-proto.js';
import { loadAddon } from '../src/addon.js';
import { checkStatedRuntime } from '../src/providers/stated-runtime.js';
import { compiled } from './api/children.js';
import { folderFor, noAddon, root } from './api/clips.js';

const folder = folderFor('runtime-library');
const library = join(root, 'build/Release/framepath.node'); // a library, and not that one

const graph = new GraphBuilder('small');
graph.node('Relu', [graph.input('input', [1, 3, 8, 8])], {}, 'output');
graph.output('output', [1, 3, 8, 8]);
const model = join(folder, 'small.onnx');
writeFileSync(model, writeModel(graph.build('test')));

const open = (file: string) =>
  loadAddon()
    .inspectModel(JSON.stringify({ runtimeLibraries: [file], model: { name: 'small', file: model, head: 'raw' } }))
    .then(
      () => expect.fail('it was opened'),
      (error) => error as { code: string; message: string },
    );

/** The library with some of its bytes, or others. */
function variant(name: string, change: (bytes: Buffer) => Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, change(readFileSync(library)));
  return file;
}

describe.skipIf(noAddon)('a file that is taken for ONNX Runtime', () => {
  test('and is another library is not loaded', async () => {
    const file = join(folder, 'other.so');
    copyFileSync(library, file);
    const error = await open(file);
    expect(error).toMatchObject({ code: 'RUNTIME_UNUSABLE' });
    expect(error.message).toContain(`${file}: is a library, but not ONNX Runtime (no OrtGetApiBase)`);
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(file);
  });

  test.each([
    [64, 'is cut off or damaged'],
    [4096, 'is cut off or damaged'],
    [-100_000, 'is cut off or damaged'],
    [-1, 'is cut off or damaged'],
    [0, 'is not a program library (no ELF file)'],
  ])('and has %d of its bytes is refused', async (bytes, why) => {
    const error = await open(variant(`cut${bytes}.so`, (all) => all.subarray(0, bytes)));
    expect(error).toMatchObject({ code: 'RUNTIME_UNUSABLE', message: expect.stringContaining(why) });
  });

  test('and claims what cannot be is refused', async () => {
    const claims: [string, (bytes: Buffer) => void, string][] = [
      ['machine', (bytes) => bytes.writeUInt16LE(40, 18), 'another kind of machine'],
      ['class', (bytes) => bytes.writeUInt8(1, 4), 'another kind of machine'],
      ['segments', (bytes) => bytes.writeBigUInt64LE(2n ** 64n - 8n, 32), 'cut off or damaged'],
      ['sections', (bytes) => bytes.writeBigUInt64LE(2n ** 63n, 40), 'cut off or damaged'],
      ['size', (bytes) => bytes.writeBigUInt64LE(2n ** 62n, 64 + 32), 'cut off or damaged'],
    ];
    for (const [name, change, why] of claims) {
      const file = variant(`${name}.so`, (bytes) => {
        change(bytes);
        return bytes;
      });
      expect(await open(file)).toMatchObject({ code: 'RUNTIME_UNUSABLE', message: expect.stringContaining(why) });
    }
  });

  test('and is text, a folder or a FIFO is refused at once', async () => {
    const text = join(folder, 'text.so');
    writeFileSync(text, 'INPUT(libonnxruntime.so.1)\n');
    mkdirSync(join(folder, 'folder.so'), { recursive: true });
    const fifo = join(folder, 'fifo.so');
    spawnSync('mkfifo', [fifo]);
    for (const file of [text, join(folder, 'folder.so'), fifo])
      expect(await open(file)).toMatchObject({ code: 'RUNTIME_UNUSABLE' });
  });
});

test.skipIf(!compiled)('a library that is damaged inside is tried in a child process, once', async () => {
  vi.stubEnv('XDG_CACHE_HOME', folder);
  try {
    // The addon with the name of the symbol: what is called is no code of ONNX Runtime. Its dynamic section is gone too.
    const file = variant('damaged.so', (bytes) => {
      const name = Buffer.from('napi_register_module_v1\0');
      for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) bytes.write('OrtGetApiBase\0', at);
      const headers = Number(bytes.readBigUInt64LE(32));
      for (let i = 0; i < bytes.readUInt16LE(56); i++) {
        const at = headers + 56 * i;
        if (bytes.readUInt32LE(at) !== 2) continue;
        const start = Number(bytes.readBigUInt64LE(at + 8));
        bytes.fill(0, start, start + Number(bytes.readBigUInt64LE(at + 32)));
      }
      return bytes;
    });
    for (let i = 0; i < 2; i++) {
      const began = performance.now();
      const error = await checkStatedRuntime(file).catch((e) => e);
      expect(error).toMatchObject({ code: 'RUNTIME_UNUSABLE', message: expect.stringMatching(/it died of SIG/) });
      if (i === 1) expect(performance.now() - began).toBeLessThan(50);
    }
    await checkStatedRuntime(undefined);
    await checkStatedRuntime(join(folder, 'missing.so')); // checked by the native side
  } finally {
    vi.unstubAllEnvs();
  }
});
