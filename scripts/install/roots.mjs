// Root folders of other Debian releases, with nothing in them but what debootstrap puts there, kept in the user's cache; and
// commands in them: without a network, as on a machine of its own, what they write thrown away with the folder `upper`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../steps/packages.mjs';
import { progress, run } from '../steps/shell.mjs';

/** The root folder of a Debian release. */
export function debianRoot(suite) {
  const folder = join(cacheFolder, 'roots', suite);
  if (existsSync(folder)) return folder;
  progress(`debootstrap ${suite}`);
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(join(cacheFolder, 'roots'), { recursive: true });
  run('debootstrap', ['--variant=minbase', suite, scratch, 'http://deb.debian.org/debian']);
  rmSync(join(scratch, 'var/cache/apt/archives'), { recursive: true, force: true });
  renameSync(scratch, folder);
  return folder;
}

/** A shell command that fails, with what it found as output, where there is one of these programs or libraries. */
export const lacking = (programs, library, folders = '/usr /lib /opt') =>
  [
    ...programs.map((name) => `if command -v ${name}; then exit 1; fi`),
    `if find ${folders} -name '${library}' | grep .; then exit 1; fi`,
  ].join('\n');

/** A machine: a copy of a root folder in `folder` that is written to, with `files` of this one bound to its /input. */
export class Machine {
  #folder;
  #root;
  #input;
  constructor(root, folder, input) {
    this.#root = root;
    this.#folder = folder;
    this.#input = input;
    for (const name of ['upper', 'work', 'merged']) mkdirSync(join(folder, name), { recursive: true });
  }

  /** Runs a shell command; its output and status. No network but its own loopback. */
  run(command, { env = {}, seconds = 300 } = {}) {
    const merged = join(this.#folder, 'merged');
    const layers = `lowerdir=${this.#root},upperdir=${join(this.#folder, 'upper')},workdir=${join(this.#folder, 'work')}`;
    const variables = { HOME: '/root', PATH: '/opt/bin:/usr/bin:/bin:/usr/sbin:/sbin', ...env };
    const inside = join(this.#folder, 'upper/command.sh');
    writeFileSync(inside, `set -e\n${command}\n`);
    const script = `
mount -t overlay overlay -o '${layers}' '${merged}'
mkdir -p '${merged}/input' && mount --bind '${this.#input}' '${merged}/input'
mount -t proc proc '${merged}/proc' && mount --rbind /dev '${merged}/dev' && mount -t tmpfs tmpfs '${merged}/tmp'
exec chroot '${merged}' env -i ${Object.entries(variables)
      .map(([name, value]) => `'${name}=${value}'`)
      .join(' ')} bash /command.sh`;
    const begun = performance.now();
    const result = spawnSync('unshare', ['-mnpf', 'bash', '-ec', script], {
      encoding: 'utf8',
      timeout: seconds * 1000,
      maxBuffer: 1 << 26,
    });
    return {
      status: result.status,
      stdout: result.stdout,
      stderr: result.stderr,
      seconds: (performance.now() - begun) / 1000,
    };
  }
}
