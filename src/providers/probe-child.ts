/**
 * Tries one provider in this process, which may die of it: argv[2] is a ProbeRequest, standard output gets `{}` when a
 * small model ran, else `{error}`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../addon.js';
import { toFramepathError } from '../errors.js';
import { GraphBuilder } from '../models/graph-builder.js';
import { modelCodec } from '../models/onnx-proto.js';
import type { ProbeRequest } from './probe.js';

/** A convolution and what follows it: the libraries behind a provider are loaded by their first use. */
function smallModel(): Uint8Array {
  const graph = new GraphBuilder('probe');
  const input = graph.input('input', [1, 3, 8, 8]);
  const weights = graph.constant('weights', [4, 3, 3, 3], new Float32Array(4 * 3 * 9).fill(0.1));
  graph.node('Relu', [graph.window('Conv', [input, weights], 3, 1, 1)], {}, 'output');
  graph.output('output', [1, 4, 8, 8]);
  return modelCodec.encode(graph.build('framepath'));
}

const { provider, device, runtimeLibraries } = JSON.parse(process.argv[2] ?? '{}') as ProbeRequest;
const folder = mkdtempSync(join(tmpdir(), 'framepath-probe-'));
try {
  const file = join(folder, 'probe.onnx');
  writeFileSync(file, smallModel());
  const model = { name: 'probe', file, head: 'raw', scale: [1] };
  await loadAddon().inspectModel(JSON.stringify({ runtimeLibraries, device, model, providers: { order: [provider] } }));
  process.stdout.write('{}\n');
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: toFramepathError(error) })}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
