/** The providers of a run, before it starts. */
import { cacheFolder } from '../cache-folder.js';
import type { DecidedSettings } from '../config.js';
import { runtimeLibraries } from '../runtime-library.js';
import { whyOff } from './probe.js';
import { type ProviderSpec, providers } from './provider.js';

/** Probes what a run on that device would try. The CPU needs no probing. */
export async function chooseProviders(settings: DecidedSettings): Promise<ProviderSpec> {
  const order = settings.providers.value;
  const spec: ProviderSpec = { ...(order && { order: [...order] }), cacheFolder: cacheFolder() };
  const device = settings.device.value;
  if (device === 'cpu') return spec;
  const off: NonNullable<ProviderSpec['off']> = {};
  for (const provider of order ?? providers) {
    if (provider === 'cpu') continue;
    const why = await whyOff({
      provider,
      device: device === 'auto' ? 'cuda:0' : device,
      runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value),
    });
    if (why !== undefined) off[provider] = why;
  }
  return { ...spec, off };
}
