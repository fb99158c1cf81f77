import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings } from '../src/config.js';
import { scratch } from './fake/mock.js';

describe('settings', () => {
  test('have defaults', async () => {
    const { folder } = scratch('config');
    const settings = await loadSettings({}, folder, {});
    expect(settings.device).toEqual({ value: 'auto', from: 'default' });
    expect(settings.runtimeLibrary).toEqual({ value: undefined, from: 'default' });
    expect(settings.encoderSessions).toEqual({ value: 'fallback', from: 'default' });
  });

  test('say how many sessions of GPU encoders there may be', async () => {
    const { folder } = scratch('config');
    writeFileSync(join(folder, 'framepath.config.json'), JSON.stringify({ encoderSessions: 'wait' }));
    const settings = await loadSettings({}, folder, { FRAMEPATH_MAX_ENCODER_SESSIONS: '3' });
    expect(settings.maxEncoderSessions).toEqual({ value: 3, from: 'FRAMEPATH_MAX_ENCODER_SESSIONS' });
    expect(settings.encoderSessions.value).toBe('wait');
  });

  test('options win over the file, an environment of it over the rest of it, the file over variables', async () => {
    const { folder } = scratch('config');
    const path = join(folder, 'framepath.config.mjs');
    writeFileSync(
      path,
      `export default { device: 'cpu', inFlight: 4, resultQueue: 10, environments: { production: { inFlight: 6 } } };`,
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
    expect(settings.device).toEqual({ value: 'cpu', from: path });
    expect(settings.memoryLimit).toEqual({ value: 2_000_000_000, from: 'FRAMEPATH_MEMORY_LIMIT' });
    expect(settings.runtimeLibrary).toEqual({ value: '/opt/ort.so', from: 'FRAMEPATH_ORT_LIBRARY' });
    expect(settings.keptFrames.from).toBe('default');
  });

  test('can be JSON, and elsewhere', async () => {
    const { folder } = scratch('config');
    writeFileSync(join(folder, 'my.json'), JSON.stringify({ runtime: { library: '/a.so' } }));
    const settings = await loadSettings({}, folder, { FRAMEPATH_CONFIG: 'my.json' });
    expect(settings.runtimeLibrary.value).toBe('/a.so');
  });

  test.each([
    ['framepath.config.json', '{ "devise": "cpu" }', "but received 'devise'"],
    ['framepath.config.json', '{', 'JSON'],
    ['framepath.config.json', '{ "environments": { "a": { "inFlight": 0 } } }', 'environments.a.inFlight'],
    ['framepath.config.mjs', 'export const settings = {};', 'Expected an object'],
    ['framepath.config.yaml', 'device: cpu', 'framepath.config.mjs'],
  ])('that cannot be used are told: %s %s', async (name, content, why) => {
    const { folder } = scratch('config');
    writeFileSync(join(folder, name), content);
    const error = await loadSettings({}, folder, {}).catch((e) => e);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(name);
    expect(error.message).toContain(why);
  });

  test('of a variable that cannot be used name the variable', async () => {
    const { folder } = scratch('config');
    await expect(loadSettings({}, folder, { FRAMEPATH_IN_FLIGHT: 'many' })).rejects.toThrow(
      'FRAMEPATH_IN_FLIGHT cannot be used',
    );
  });

  test('of an environment that is not there are told', async () => {
    const { folder } = scratch('config');
    writeFileSync(join(folder, 'framepath.config.json'), '{ "environments": { "test": {} } }');
    await expect(loadSettings({}, folder, { FRAMEPATH_ENV: 'prod' })).rejects.toThrow(
      "no environment 'prod' (it has: test)",
    );
  });
});
