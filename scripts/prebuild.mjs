// prebuilds/<platform>-<arch>/framepath.av<libavcodec major>.node, and framepath-reader.av<major> beside it: the addon and
// its reader of untrusted sources as the npm package carries them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { main, progress, root, run } from './steps/shell.mjs';

await main(async () => {
  process.env.FRAMEPATH_FATBIN = '1'; // for GPUs that this machine lacks
  await setUp();
  const major = run('pkg-config', ['--modversion', 'libavcodec']).split('.')[0];
  const inside = `prebuilds/${process.platform}-${process.arch}`;
  mkdirSync(join(root, inside), { recursive: true });
  for (const [built, prebuilt] of [
    ['framepath.node', `framepath.av${major}.node`],
    ['framepath-reader', `framepath-reader.av${major}`],
  ]) {
    run('strip', ['-o', join(root, inside, prebuilt), join(root, 'build/Release', built)]);
    progress(`${inside}/${prebuilt}`);
  }
});
