/** Analyzers in files, as tests use them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { python } from '../../scripts/steps/system-packages.mjs';
import type { Isolation } from '../../src/index.js';
import { required } from '../require.js';
import { noAddon, root } from './clips.js';

export { python };

export const moduleFile = (name: string) => join(root, 'test/modules', name);

/** Whether analyzers in threads and processes can be tried: they run compiled. */
export const hostsWork =
  noAddon === undefined && required('library', existsSync(join(root, 'lib/hosts/thread-host.js')));

export const pythonWorks = required('python', spawnSync(python, ['-c', '']).status === 0);
/** Not in every CI: the tests with numpy are few, and the same without it. */
export const numpyWorks = spawnSync(python, ['-c', 'import numpy']).status === 0;

export const inHosts: Isolation[] = ['thread', 'process', ...(pythonWorks ? [{ python }] : [])];

export const nameOf = (isolation: Isolation) => (typeof isolation === 'string' ? isolation : 'python');

/** `name`.js, or its Python twin. */
export const twin = (name: string, isolation: Isolation) =>
  moduleFile(`${name}.${typeof isolation === 'string' ? 'js' : 'py'}`);
