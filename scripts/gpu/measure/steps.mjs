// The steps of the suite, in their order. `seconds` is where a step is ended; what it had found by then is kept.
export const steps = [
  { name: 'environment', title: 'driver, libraries, NVDEC, NVENC', seconds: 70 },
  {
    name: 'kernels',
    title: 'kernels: equal to the host bit by bit; GB/s against a copy in the device',
    seconds: 75,
  },
  { name: 'decode', title: 'decoding 1 to 16 sources, with and without detection', seconds: 90 },
  { name: 'inference', title: 'latency of models with and without IO binding', seconds: 50 },
  { name: 'pipelines', title: 'pipelines A to D on the device and on the CPU', seconds: 110 },
  { name: 'latency', title: 'end to end latency of one source at the pace of a camera', seconds: 40 },
  { name: 'parallel', title: '4 sources in parallel: detection, tracks, identities', seconds: 40 },
  { name: 'ipc', title: 'analyzers in other processes that read their pixels on the GPU', seconds: 60 },
  { name: 'churn', title: 'sources that join and leave', seconds: 75 },
  { name: 'peers', title: 'PyTorch on the CPU; our own pipeline by way of the host', seconds: 60 },
];

/** A whole run ends by then. */
export const suiteSeconds = 475;

/** Of the native test programs that run on whatever device FRAMEPATH_TEST_DEVICE names, those of the pack; conformance_test besides. */
export const deviceTests = ['cuda_test', 'cuda_peer_test', 'infer_box_decoder_test', 'infer_head_test'];
