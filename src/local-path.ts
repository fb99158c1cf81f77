/** URIs of local files. */
import { fileURLToPath } from 'node:url';
import { text, unexpected } from './validate.js';

/**
 * A URI as the native side takes it: the path of a `file://` URL and of libav's `file:clip.mp4`, where nothing is
 * percent-encoded; anything else as it is. @internal
 */
export function localPath(uri: string): string {
  if (/^file:(?!\/\/)/.test(uri)) return uri.slice(5).replace(/^(?=[^/]*:)/, './'); // a path, whatever is in it
  if (!/^file:\/\//i.test(uri)) return uri;
  let path: string;
  try {
    path = fileURLToPath(uri);
  } catch {
    throw unexpected('a file URL of this machine, e.g. file:///srv/a.mp4,', 'uri', uri);
  }
  text('uri', path); // %00
  return path;
}
