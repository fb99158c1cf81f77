/** What a source is, before anything is decoded. */

import { loadAddon } from './addon.js';
import { toFramepathError } from './errors.js';
import type { SourceInfo } from './generated/results.js';
import { type Limits, limits, resolveLimits } from './limits.js';
import { localPath } from './local-path.js';
import { fields, text } from './validate.js';

/**
 * Reads the headers of a file or URL, by content and not by extension.
 * @example `const { width, height, fps } = await probe('in.mp4');`
 * @param options `limits` of what the source may be and reach; default as those of {@link video}
 * @throws INVALID_ARGUMENT, SOURCE_NOT_FOUND, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED, SOURCE_TOO_LARGE, SOURCE_REFUSED,
 * SOURCE_FAILED, ADDON_MISSING, PLATFORM_UNSUPPORTED
 */
export async function probe(uri: string, options: { limits?: 'untrusted' | Limits } = {}): Promise<SourceInfo> {
  text('uri', uri);
  fields('options', options, { limits });
  try {
    const allowed = resolveLimits(uri, options.limits ?? {});
    return JSON.parse(await loadAddon().probe(localPath(uri), JSON.stringify(allowed))) as SourceInfo;
  } catch (error) {
    throw toFramepathError(error);
  }
}
