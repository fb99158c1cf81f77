// ONNX Runtime's CUDA provider for CUDA 13, thinned, and that of TensorRT. Its package has no libonnxruntime.so that could use it: that is the
// one of onnxruntime-node 1.29.0, of the same build.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, extract, packages } from '../steps/packages.mjs';
import { progress } from '../steps/shell.mjs';
import { thin } from './fatbin.mjs';

const inside = 'Plugins/Linux/x64';

/** Paths of the provider's libraries, the CUDA one with the machine code of `archs` ([90]) alone. */
export async function cudaProvider(archs) {
  const folder = join(cacheFolder, `gpu-provider-${packages.cudaProvider.version}`);
  await extract(packages.cudaProvider, inside, folder);
  const thinned = join(folder, `thinned-${archs.join('-')}.so`);
  if (!existsSync(thinned)) {
    const library = readFileSync(join(folder, 'libonnxruntime_providers_cuda.so'));
    const { kept, zeroed } = thin(library, archs);
    progress(`the CUDA provider: ${Math.round(kept / 1e6)} MB of GPU code kept, ${Math.round(zeroed / 1e6)} MB zeroed`);
    writeFileSync(`${thinned}.part`, library);
    renameSync(`${thinned}.part`, thinned);
  }
  const asTheyAre = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_tensorrt.so'];
  return {
    'libonnxruntime_providers_cuda.so': thinned,
    ...Object.fromEntries(asTheyAre.map((name) => [name, join(folder, name)])),
  };
}
