// prebuilds/<platform>-<arch>/framepath.av<libavcodec major>.node, and framepath-reader.av<major> beside it: the addon and
// its reader of untrusted sources as the npm package carries them.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { runtimeHeaders } from './steps/native-build.mjs';
import { main, root, run, runLoud, StepError, say } from './steps/shell.mjs';

await main(async () => {
  await setUp();
  const major = run('pkg-config', ['--modversion', 'libavcodec']).split('.')[0];
  // A build folder of its own: prebuildify moves the result away.
  const folder = join(root, 'build/prebuild');
  mkdirSync(folder, { recursive: true });
  say(`building framepath.av${major}.node`);
  const args = ['--napi', '--strip', '--name', `framepath.av${major}`, '--cwd', folder, '--out', root];
  args.push('--node-gyp', join(root, 'scripts/cmake-gyp.sh'));
  const env = { ONNXRUNTIME_INCLUDE: await runtimeHeaders() };
  if ((await runLoud(join(root, 'node_modules/.bin/prebuildify'), args, { env })) !== 0)
    throw new StepError('prebuildify failed: see above.');
  const prebuilds = `prebuilds/${process.platform}-${process.arch}`;
  const reader = join(root, prebuilds, `framepath-reader.av${major}`);
  copyFileSync(join(folder, 'build/Release/framepath-reader'), reader);
  run('strip', [reader]);
  say(`${prebuilds}/framepath.av${major}.node`);
});
