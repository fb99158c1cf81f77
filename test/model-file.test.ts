import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadSettings } from '../src/config.js';
import { modelPath, resolveModel } from '../src/model-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framepath-models-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const ofPackage = join(import.meta.dirname, '../models');

test("a model of the user's folder comes before the package's, and hides no other one", () => {
  expect(resolveModel('face-recognition', folder).file).toBe(join(ofPackage, 'face-recognition.onnx'));
  for (const name of ['face-recognition', 'mine']) writeFileSync(join(folder, `${name}.onnx`), '');
  expect(resolveModel('face-recognition', folder).file).toBe(join(folder, 'face-recognition.onnx'));
  expect(resolveModel('mine', folder).file).toBe(join(folder, 'mine.onnx'));
  expect(modelPath('blazeface.onnx', folder)).toBe(join(ofPackage, 'blazeface.onnx'));
  expect(modelPath('not-there.onnx', folder)).toBe(join(folder, 'not-there.onnx'));
  expect(() => resolveModel('mime', folder)).toThrow(/did you mean.*'mine'/i);
});

test('the folder is one of the user, outside of the package: models survive the next install', async () => {
  vi.stubEnv('FRAMEPATH_MODELS', undefined);
  vi.stubEnv('XDG_DATA_HOME', folder);
  mkdirSync(join(folder, 'framepath/models'), { recursive: true });
  writeFileSync(join(folder, 'framepath/models/mine.onnx'), '');
  const { value, from } = (await loadSettings({})).modelsFolder;
  expect([value, from]).toEqual([join(folder, 'framepath/models'), 'default']);
  expect(resolveModel('mine', value).file).toBe(join(folder, 'framepath/models/mine.onnx'));
});
