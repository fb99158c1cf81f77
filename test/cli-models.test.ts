/** `framepath models`, in this process and on the real addon. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { getMetadata, readModel } from '../packages/models/src/onnx-proto.js';
import { framepath } from './command-line.js';
import { scratch, tinyDetector } from './tiny.js';

const folder = scratch('cli-models');
const model = tinyDetector(folder);

describe('models', () => {
  test('lists the registry', async () => {
    const { code, out } = await framepath(['models', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual([
      'blazeface',
      'face-recognition',
      'person',
      'emotion',
      'pose',
      'mobilefacenet',
    ]);
    expect((await framepath(['models', 'list'])).out).toContain('blazeface (detect');
  });

  test('inspects a model', async () => {
    expect((await framepath(['models', 'inspect', model])).out).toContain('head:  yolo-end2end');
    expect(await framepath(['models', 'inspect', 'nobody'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('MODEL_NOT_FOUND'),
    });
  });

  test('converts a graph model and shows its inputs and outputs', async () => {
    const relu = { name: 'y', op: 'Relu', input: ['x'] };
    const picture = { shape: { shape: { dim: [-1, 4, 6, 3].map((size) => ({ size: String(size) })) } } };
    const node = [{ name: 'x', op: 'Placeholder', attr: picture }, relu];
    const path = join(folder, 'graph.json');
    writeFileSync(path, JSON.stringify({ modelTopology: { node }, weightsManifest: [] }));
    const out = join(folder, 'graph.onnx');
    const convert = (...options: string[]) => framepath(['models', 'convert', path, out, '--outputs', 'y', ...options]);
    const facts = ['--mean', '127.5', '--scale=0.5,1,2', '--head', 'raw'];
    expect(JSON.parse((await convert('--json', '--names', 'z', ...facts)).out)).toMatchObject({
      out,
      inputs: [{ name: 'input', shape: ['N', 3, 4, 6] }],
      outputs: [{ name: 'z', shape: null }],
    });
    const model = readModel(readFileSync(out));
    expect(getMetadata(model, 'framepath.mean')).toBe('127.5');
    expect(getMetadata(model, 'framepath.scale')).toBe('0.5,1,2');
    expect((await convert('--layout', 'nhwc', '--batch', '2')).out).toContain('input input [2, 4, 6, 3]');
    expect((await convert('--mean', 'x')).err).toContain("for --mean but received 'x'");
    expect((await convert('--resize', 'x')).code).toBe(2);
    expect((await framepath(['models', 'convert', path])).err).toContain('the path of the ONNX file to write');
    expect((await framepath(['models', 'convert', path, path])).err).toContain('is also its source');
    expect(await framepath(['models', 'convert', path, out])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/MODEL_INVALID.*graph\.json.*outputs.*\n.*--outputs y/),
    });
  });

  test('shows how to make a known model that is not installed', async () => {
    expect((await framepath(['models'])).out).toMatch(
      /person \(detect.*states none.*\n.*\n {2}not here: framepath models add person/,
    );
    expect((await framepath(['run', 'a.mp4', '--detect', 'person'])).err).toContain('npx framepath models add person');
    expect((await framepath(['models', 'add', 'blazeface'])).err).toContain('Expected one of person, emotion');
    expect((await framepath(['models', 'add'])).code).toBe(2);
  });

  test('fixes only what is ONNX', async () => {
    const text = join(folder, 'text.onnx');
    writeFileSync(text, 'not a model');
    expect(await framepath(['models', 'fix', text])).toMatchObject({
      code: 1,
      err: expect.stringContaining('MODEL_INVALID'),
    });
  });
});
