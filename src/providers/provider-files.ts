/** Files of ONNX Runtime's providers. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProbeRequest } from './probe.js';
import type { Provider } from './provider.js';

/** What the finding of an earlier process is good for: as long as none of this changes. */
export function fingerprint({ provider, device, runtimeLibraries }: ProbeRequest, files: string[]): object {
  const facts = files.map((path) => {
    const { size, mtimeMs } = statSync(path);
    return { path, size, mtimeMs };
  });
  const driver = '/proc/driver/nvidia/version';
  return {
    provider,
    device,
    runtimeLibraries,
    files: facts,
    driver: existsSync(driver) ? readFileSync(driver, 'utf8') : null,
    libraryPath: process.env.LD_LIBRARY_PATH ?? null,
  };
}

/** The provider's library beside ONNX Runtime, where ONNX Runtime itself looks for it. */
export function providerFiles({ provider, runtimeLibraries }: ProbeRequest): string[] | undefined {
  const runtime = runtimeLibraries.find((path) => path.includes('/') && existsSync(path));
  if (!runtime) return undefined;
  const file = providerFile(runtime, provider);
  return file === undefined ? undefined : [runtime, file];
}

/** The provider's library beside a library of ONNX Runtime, if it is there. */
export function providerFile(runtime: string, provider: Provider): string | undefined {
  const file = join(dirname(realpathSync(runtime)), `libonnxruntime_providers_${provider}.so`);
  return existsSync(file) ? file : undefined;
}
