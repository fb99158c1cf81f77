// Loads a native library of its own: onnxruntime-node.
import { defineAnalyzer } from 'framepath';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export const inference = defineAnalyzer({
  name: 'inference',
  stateless: true,
  input: { width: 8, height: 8 },
  configure: ({ model }) => InferenceSession.create(model, { intraOpNumThreads: 1 }),
  async analyze({ input }, _, session) {
    const pixels = new Float32Array(3 * 64);
    for (let i = 0; i < 64; i++) for (let c = 0; c < 3; c++) pixels[c * 64 + i] = input.data[3 * i + c] / 255;
    const { output } = await session.run({ input: new Tensor('float32', pixels, [1, 3, 8, 8]) });
    return Array.from(output.data.slice(0, 16));
  },
});
