// Builds the addon of an installed package for this machine's FFmpeg: `node node_modules/framepath/scripts/build.mjs`.
import { buildAddon } from './steps/native-build.mjs';
import { main, progress } from './steps/shell.mjs';
import { ensureSystemPackages } from './steps/system-packages.mjs';

await main(async () => {
  await ensureSystemPackages();
  await buildAddon();
  progress('built build/Release/framepath.node');
});
