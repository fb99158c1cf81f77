/** The model that providers are tried with. */
import { inflateRawSync } from 'node:zlib';

/**
 * A convolution and what follows it: the libraries behind a provider are loaded by their first use. Its ONNX file, deflated;
 * test/provider-probe.test.ts makes it.
 */
export const probeModel = (): Uint8Array => inflateRawSync(Buffer.from(deflated, 'base64'));

const deflated =
  '4+AQ4kwrSsxNLUgsybCay8qVysWamVdQWsLFXp6amZ5RUizE5pyfV6ZsIMUNofXz8lNSlVhAHC1RLp7s1KK81Jz44ozEglQnJmbm' +
  'BYzsWgJc7MUlRZkpqcVOTIyMIBF+LpaCxJRiJxZGRrAAlzIX1FghtvzSkoLSEiluCA01Pig1p1SItaAoPylV6wgzFwsLMzOzAKMT' +
  'zFFeG5jPnjljO4qHDo6Sh6YsITEuEQ5GIQEuJg5GLiYOZi4mDg4QTlLggqYFNBUsMBVOLFwMAoIA';
