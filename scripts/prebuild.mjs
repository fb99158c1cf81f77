// prebuilds/<platform>-<arch>: the addon, its reader of untrusted sources and FFmpeg's libraries as the npm packages carry them,
// for every Linux with glibc 2.28 or later. With --system: for this machine and the FFmpeg that is installed here, without
// the libraries.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundle, bundleNeeds, soname } from './bundle/build.mjs';
import { searchPaths, toolchain, tooNew } from './bundle/toolchain.mjs';
import { setUp } from './setup.mjs';
import { buildPortable } from './steps/native-build.mjs';
import { main, progress, root, run, StepError } from './steps/shell.mjs';
import { ensureSystemPackages } from './steps/system-packages.mjs';

const inside = `prebuilds/${process.platform}-${process.arch}`;
export const prebuilds = join(root, inside);

function collect(release, strip = 'strip') {
  rmSync(prebuilds, { recursive: true, force: true });
  mkdirSync(prebuilds, { recursive: true });
  for (const file of ['framepath.node', 'framepath-reader']) {
    run(strip, ['-o', join(prebuilds, file), join(release, file)]);
    progress(`${inside}/${file}`);
  }
}

/** The addon for the FFmpeg of this machine. */
export async function prebuildForSystem() {
  await setUp();
  collect(join(root, 'build/Release'));
}

/** The addon for any machine; returns the folder of the bundle that it is linked with. */
export async function prebuild() {
  process.env.FRAMEPATH_FATBIN = '1'; // for GPUs that this machine lacks
  await ensureSystemPackages();
  await ensureSystemPackages(bundleNeeds);
  const tools = toolchain(process.arch);
  const bundle = buildBundle();
  collect(join(await buildPortable({ bundle, tools }), 'Release'), join(tools.bin, 'framepath-strip'));
  for (const file of ['framepath.node', 'framepath-reader']) {
    if (tooNew(join(prebuilds, file)).length > 0) throw new StepError(`${file} needs a newer glibc: see above`);
    const paths = searchPaths(join(prebuilds, file));
    if (paths.length > 0) throw new StepError(`${file} looks for its libraries in ${paths.join(', ')}`);
  }
  cpSync(join(bundle, soname), join(prebuilds, soname));
  // What FRAMEPATH_AV=system loads in its place: nothing but the names of the system's libraries.
  const system = join(prebuilds, 'system');
  mkdirSync(system);
  cpSync(join(bundle, 'system', soname), join(system, soname));
  return bundle;
}

if (import.meta.filename === process.argv[1])
  await main(async () => {
    await (process.argv.includes('--system') ? prebuildForSystem() : prebuild());
  });
