import { createRequire } from 'node:module';
import { FramepathError } from './errors.js';
import type { NativeAddon } from './native.js';

export function loadAddon(): NativeAddon {
  const require = createRequire(import.meta.url);
  try {
    return require('../build/Release/framepath.node') as NativeAddon;
  } catch (cause) {
    throw new FramepathError('ADDON_MISSING', 'The native addon is not built.', { hint: 'npm run build', cause });
  }
}
