// What a model takes: bound to tensors on the device, as framepath runs it, and given tensors on the host, as
// onnxruntime-node runs it with the same provider.
import { jobOf, runTrial } from '../../../bench/runner.mjs';
import { loadSettings } from '../../../lib/config.js';
import { resolveModel } from '../../../lib/model-file.js';
import { runtimeLibraries } from '../../../lib/runtime-library.js';
import { brief, ownTrial } from './trials.mjs';

export async function run({ device, clips, quick }, { add, attempt }) {
  const settings = await loadSettings({});
  const models = settings.modelsFolder.value;
  const common = {
    device,
    runtimeLibraries: runtimeLibraries(settings.runtimeLibrary.value),
    providers: { order: ['cuda', 'cpu'] },
    clip: clips.left1080,
    minSeconds: quick ? 0.2 : 1,
  };
  const detector = resolveModel('blazeface', models);
  const batches = quick ? [1, 4] : [1, 4, 16];
  const bound = [
    ...batches.map((batch) => ({ stage: 'detect', model: detector, batch })),
    ...batches.map((crops) => ({ stage: 'embed', model: resolveModel('face-recognition', models), crops })),
  ];
  for (const request of bound) {
    const { stage, batch, crops } = request;
    const name = `${stage}, ${batch ?? crops} at once, bound`;
    await attempt(name, async () => {
      const found = await brief(
        runTrial(jobOf('stage-trial.mjs', { stage, case: name, request: { ...common, ...request } })),
      );
      const calls = found.items / (batch ?? crops);
      add('rows', {
        name,
        provider: found.provider,
        callMs: found.wallMs / calls,
        modelMs: found.inferMs ? found.inferMs * found.batch : null,
      });
    });
  }
  for (const batch of batches) {
    const name = `detect's model, ${batch} at once, tensors on the host`;
    await attempt(name, async () => {
      const job = { model: detector.file, batch, seconds: common.minSeconds, device: Number(device.split(':')[1]) };
      add('rows', { name, ...(await ownTrial('unbound-trial.mjs', job)) });
    });
  }
}
