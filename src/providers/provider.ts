/** ONNX Runtime's execution providers, as far as they are known here. */

import { type Provider, providerNames } from '../generated/enums.js';

export type { Provider };

/** In the order in which they are tried. */
export const providers: readonly Provider[] = providerNames;

/** Those that load libraries of NVIDIA's. */
export const gpuProviders: readonly Provider[] = ['tensorrt', 'cuda'];

/** Which providers a run may use, in the addon's words. */
export interface ProviderSpec {
  /** tried in this order; absent: all */
  order?: readonly Provider[];
  /** those that must not be tried in this process, and why */
  off?: Partial<Record<Provider, string>>;
  /** where TensorRT's engines are kept */
  cacheFolder?: string;
}
