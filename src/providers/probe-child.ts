/**
 * Tries one provider in this process, which may die of it: argv[2] is a ProbeRequest, standard output gets `{}` when a
 * small model ran, else `{error}`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../addon.js';
import { toFramepathError } from '../errors.js';
import type { ProbeRequest } from './probe.js';
import { probeModel } from './probe-model.js';

const { provider, device, runtimeLibraries } = JSON.parse(process.argv[2] ?? '{}') as ProbeRequest;
const folder = mkdtempSync(join(tmpdir(), 'framepath-probe-'));
try {
  const file = join(folder, 'probe.onnx');
  writeFileSync(file, probeModel());
  const model = { name: 'probe', file, head: 'raw', scale: [1] };
  await loadAddon().inspectModel(JSON.stringify({ runtimeLibraries, device, model, providers: { order: [provider] } }));
  process.stdout.write('{}\n');
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: toFramepathError(error) })}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
