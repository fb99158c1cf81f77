// The peers of the comparison are in bench/peers: in the repository, not in the published package.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** {peers, publishedModel, installPeers}; undefined in an installed package. */
export const comparison = existsSync(join(import.meta.dirname, 'peers')) ? await load() : undefined;

async function load() {
  const parts = ['catalog', 'model', 'install'].map((name) => import(`./peers/${name}.mjs`));
  return Object.assign({}, ...(await Promise.all(parts)));
}
