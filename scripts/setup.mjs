// Everything a fresh clone needs, and nothing when nothing is missing: system packages, npm packages, the addon,
// lib/ and models/. Plain Node without dependencies: it runs before there is a node_modules.
import { generateModels } from './steps/models.mjs';
import { buildAddon } from './steps/native-build.mjs';
import { ensureNodeModules } from './steps/npm-install.mjs';
import { main, progress } from './steps/shell.mjs';
import { ensureSystemPackages } from './steps/system-packages.mjs';
import { compileTypeScript } from './steps/typescript.mjs';

/** `targets`: what else is built beside the addon, as buildAddon knows it. */
export async function setUp(...targets) {
  await ensureSystemPackages();
  ensureNodeModules();
  await compileTypeScript();
  await generateModels();
  await buildAddon(...targets);
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    await setUp();
    progress('ready');
  });
}
