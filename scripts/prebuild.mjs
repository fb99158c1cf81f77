// prebuilds/<platform>-<arch>/framepath.av<libavcodec major>.node: the addon as the npm package carries it.
import { mkdirSync } from 'node:fs';
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
  say(`prebuilds/${process.platform}-${process.arch}/framepath.av${major}.node`);
});
