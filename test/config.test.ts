import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings, settingRules } from '../src/config.js';
import { fileLevels } from '../src/config-file.js';
import { scratch } from './tiny.js';

describe('settings', () => {
  test('have defaults', async () => {
    const folder = scratch('config');
    const settings = await loadSettings({}, folder, {});
    expect(settings.device).toEqual({ value: 'auto', from: 'default' });
    expect(settings.runtimeLibrary).toEqual({ value: undefined, from: 'default' });
    expect(settings.encoderSessions).toEqual({ value: 'fallback', from: 'default' });
  });

  test('need no home folder: a user of a container may have none', () => {
    const noHome = `data:text/javascript,import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
      os.homedir = () => { throw new Error('uv_os_homedir returned ENOENT'); }; syncBuiltinESMExports();`;
    const read = `import { loadSettings } from './lib/config.js'; import { cacheFolder } from './lib/cache-folder.js';
      for (const options of [{}, { modelsFolder: '/m' }]) console.log((await loadSettings(options)).modelsFolder.value);
      try { cacheFolder(); } catch ({ code, hint }) { console.log(code, hint); }`;
    const root = join(import.meta.dirname, '..');
    const args = ['--import', noHome, '--input-type=module', '-e', read];
    const env = { ...process.env, XDG_CACHE_HOME: '', XDG_DATA_HOME: '', FRAMEPATH_MODELS: '' };
    const out = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', env, stdio: 'pipe' });
    expect(out).toMatch(/^CONFIG_INVALID Set HOME, or XDG_CACHE_HOME/m);
    expect(out.split('\n').slice(0, 2)).toEqual([join(root, 'models'), '/m']);
  });

  test('set how many sessions of GPU encoders there may be', async () => {
    const folder = scratch('config');
    writeFileSync(join(folder, 'framepath.config.json'), JSON.stringify({ encoderSessions: 'wait' }));
    const settings = await loadSettings({}, folder, { FRAMEPATH_MAX_ENCODER_SESSIONS: '3' });
    expect(settings.maxEncoderSessions).toEqual({ value: 3, from: 'FRAMEPATH_MAX_ENCODER_SESSIONS' });
    expect(settings.encoderSessions.value).toBe('wait');
  });

  test('options win over variables, those over the file, an environment of the file over the rest of it', async () => {
    const folder = scratch('config');
    const path = join(folder, 'framepath.config.mjs');
    writeFileSync(
      path,
      `export default { device: 'cpu', keptFrames: 2, inFlight: 4, resultQueue: 10, environments: { production: { inFlight: 6 } } };`,
    );
    const env = {
      FRAMEPATH_ENV: 'production',
      FRAMEPATH_DEVICE: 'cuda:0',
      FRAMEPATH_MEMORY_LIMIT: '2000000000',
      FRAMEPATH_ORT_LIBRARY: '/opt/ort.so',
    };
    const settings = await loadSettings({ resultQueue: 5 }, folder, env);
    expect(settings.resultQueue).toEqual({ value: 5, from: 'options' });
    expect(settings.inFlight).toEqual({ value: 6, from: `${path} (production)` });
    expect(settings.device).toEqual({ value: 'cuda:0', from: 'FRAMEPATH_DEVICE' });
    expect(settings.keptFrames).toEqual({ value: 2, from: path });
    expect(settings.memoryLimit).toEqual({ value: 2_000_000_000, from: 'FRAMEPATH_MEMORY_LIMIT' });
    expect(settings.runtimeLibrary).toEqual({ value: '/opt/ort.so', from: 'FRAMEPATH_ORT_LIBRARY' });
    expect(settings.encoderSessions.from).toBe('default');
  });

  test('can be JSON, and elsewhere', async () => {
    const folder = scratch('config');
    writeFileSync(join(folder, 'my.json'), JSON.stringify({ runtime: { library: '/a.so' } }));
    const settings = await loadSettings({}, folder, { FRAMEPATH_CONFIG: 'my.json' });
    expect(settings.runtimeLibrary.value).toBe('/a.so');
  });

  test.each([
    ['framepath.config.json', '{ "devise": "cpu" }', "but received 'devise'; did you mean 'device'?"],
    ['framepath.config.json', '{', 'JSON'],
    ['framepath.config.json', '{ "environments": { "a": { "inFlight": 0 } } }', 'environments.a.inFlight'],
    ['framepath.config.mjs', 'export const settings = {};', 'Expected an object'],
    ['framepath.config.json', '{ "environments": null }', 'Expected an object for environments'],
    ['framepath.config.json', '{ "modules": { "__proto__": { "speed": 1 } } }', "but received 'speed'"],
    ['framepath.config.yaml', 'device: cpu', 'framepath.config.mjs'],
  ])('that cannot be used are errors: %s %s', async (name, content, why) => {
    const folder = scratch('config');
    writeFileSync(join(folder, name), content);
    const error = await loadSettings({}, folder, {}).catch((e) => e);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(name);
    expect(error.message).toContain(why);
  });

  test('of a variable that cannot be used name the variable', async () => {
    const folder = scratch('config');
    await expect(loadSettings({}, folder, { FRAMEPATH_IN_FLIGHT: 'many' })).rejects.toThrow(
      'FRAMEPATH_IN_FLIGHT cannot be used',
    );
  });

  test('of an environment that is not there are an error', async () => {
    const folder = scratch('config');
    writeFileSync(join(folder, 'framepath.config.json'), '{ "environments": { "test": {} } }');
    for (const [name, why] of [
      ['prod', "no environment 'prod' (it has: test)"],
      ['tets', "no environment 'tets' (it has: test); did you mean 'test'?"],
      ['constructor', "no environment 'constructor'"],
      ['__proto__', "no environment '__proto__'"],
    ] as const)
      await expect(loadSettings({}, folder, { FRAMEPATH_ENV: name })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(why),
      });
    await expect(loadSettings({}, folder, { NODE_ENV: 'constructor' })).resolves.toBeDefined();
  });
});

describe('a configuration file that is none', () => {
  const refused = async (folder: string, why: string, env = {}) => {
    const began = performance.now();
    await expect(loadSettings({}, folder, env)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(why),
    });
    expect(performance.now() - began).toBeLessThan(2000);
  };

  test.each(['framepath.config.json', 'framepath.config.mjs'])('%s is refused', async (name) => {
    const at = (kind: string) => join(scratch('config'), kind, name);
    const made = (kind: string, make: (path: string) => unknown) => {
      const path = at(kind);
      mkdirSync(join(path, '..'));
      make(path);
      return join(path, '..');
    };
    await refused(
      made('circle', (path) => symlinkSync(path, path)),
      'ELOOP',
    );
    await refused(
      made('nothing', (path) => symlinkSync('/nowhere/at/all', path)),
      'ENOENT',
    );
    await refused(
      made('folder', (path) => mkdirSync(path)),
      'it is not a file',
    );
    await refused(
      made('fifo', (path) => execFileSync('mkfifo', [path])),
      'it is not a file',
    );
    await refused(
      made('device', (path) => symlinkSync('/dev/zero', path)),
      'it is not a file',
    );
    const huge = (path: string) => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 31);
    };
    await refused(made('huge', huge), 'larger than 1048576 bytes');
  });

  test('is refused where FRAMEPATH_CONFIG names it', async () => {
    const folder = scratch('config');
    await refused(folder, 'ENOENT', { FRAMEPATH_CONFIG: 'none.json' });
    await refused(folder, 'it is not a file', { FRAMEPATH_CONFIG: '/dev/zero' });
  });

  test('because its module never exports anything is refused after a while', async () => {
    for (const content of [
      'await new Promise(() => {}); export default {};',
      'export default new Promise(() => {});',
      'export const then = () => {};',
    ]) {
      const folder = scratch('config');
      writeFileSync(join(folder, 'framepath.config.mjs'), content);
      await expect(fileLevels(folder, {}, settingRules, { importMs: 50 })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('it has exported nothing after 0.05 s'),
      });
    }
  });
});
