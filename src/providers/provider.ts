/** ONNX Runtime's execution providers, as far as they are known here. */

import { type Provider, providerNames } from '../generated/enums.js';
import type { ProviderSpec } from '../generated/specs.js';

export type { Provider };

/** In the order in which they are tried. */
export const providers: readonly Provider[] = providerNames;

/** Those that load libraries of NVIDIA's. */
export const gpuProviders: readonly Provider[] = ['tensorrt', 'cuda'];

export type { ProviderSpec };
