/** The addon as tests inject it: `vi.mock` of src/addon.js with `fakeAddonModule()`, and `fake.script = {...}`. */
import { errorCodes } from '../../src/errors.js';
import type { NativeAddon, PipelineSpec, RunCallbacks } from '../../src/native.js';
import { codedError, FakeRun, type Script } from './run.js';

class Fake {
  script: Script = {};
  runs: FakeRun[] = [];
  probes: Record<string, object> = {};
  nvml: object = {};
  /** what the GPU decodes and encodes */
  video: object | undefined;
  /** what models turn out to be, where it matters */
  inspected: object = {};

  get run(): FakeRun {
    return this.runs.at(-1)!;
  }

  reset(script: Script = {}): void {
    this.script = script;
    this.runs = [];
    this.probes = {};
    this.inspected = {};
    this.nvml = { error: 'NVML cannot be opened.', hint: '' };
    this.video = undefined;
  }

  readonly addon: NativeAddon = {
    version: '0.0.0',
    vectorFloats: 8,
    probe: async (uri) => {
      const info = this.probes[uri];
      if (!info) throw codedError('SOURCE_NOT_FOUND', `There is nothing at ${uri}`, { hint: 'Check the path.' });
      return JSON.stringify(info);
    },
    doctor: async () =>
      JSON.stringify({
        libav: { libavcodec: '59.37.100' },
        encoders: { h264: 'libx264' },
        runtime: { path: '/lib/libonnxruntime.so', version: '1.29.0' },
        devices: [
          { id: 'cpu', description: 'CPU' },
          { id: 'cuda:0', error: 'No kernels load.' },
        ],
        cuda: {
          usable: false,
          steps: [
            { name: 'driver', works: true, says: 'CUDA 13.0', hint: '' },
            { name: 'kernels', works: false, says: 'No kernels load.', hint: 'Update the driver.' },
          ],
          video: this.video,
        },
        nvml: this.nvml,
      }),
    inspectModel: async (json) => {
      const { model } = JSON.parse(json) as { model: { name: string } };
      return JSON.stringify({
        name: model.name,
        head: 'blazeface',
        size: [256, 256],
        device: 'cpu',
        provider: 'cpu',
        falls: [],
        largestBatch: 1,
        ...this.inspected,
      });
    },
    trackMot: () => '',
    benchStage: async (json) => {
      const { stage } = JSON.parse(json) as { stage: string };
      return JSON.stringify({ stage, unit: 'frame', items: 10, wallMs: 10, cpuMs: 10, isa: 'baseline' });
    },
    benchClip: async () => undefined,
    errorCodes: () => Object.keys(errorCodes),
    Run: function Run(json: string, callbacks: RunCallbacks) {
      const run = new FakeRun(JSON.parse(json) as PipelineSpec, callbacks, fake.script);
      fake.runs.push(run);
      return run;
    } as unknown as NativeAddon['Run'],
    SharedInputs: function SharedInputs() {
      return { fd: -1, view: (_: number, capacity: number) => new ArrayBuffer(capacity), close: () => undefined };
    } as unknown as NativeAddon['SharedInputs'],
    endWithParent: () => true,
  };
}

export const fake = new Fake();

export const fakeAddonModule = () => ({ loadAddon: () => fake.addon });
