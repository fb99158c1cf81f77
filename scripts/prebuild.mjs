// prebuilds/<platform>-<arch>/framepath.av<libavcodec major>.node: the addon as the npm package carries it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { main, root, run, say } from './steps/shell.mjs';

await main(async () => {
  process.env.FRAMEPATH_FATBIN = '1'; // for GPUs that this machine lacks
  await setUp();
  const major = run('pkg-config', ['--modversion', 'libavcodec']).split('.')[0];
  const inside = `prebuilds/${process.platform}-${process.arch}`;
  mkdirSync(join(root, inside), { recursive: true });
  const prebuilt = `${inside}/framepath.av${major}.node`;
  run('strip', ['-o', join(root, prebuilt), join(root, 'build/Release/framepath.node')]);
  say(prebuilt);
});
