// Pure: the same pixels give the same numbers.
import { defineAnalyzer } from 'framepath';

export const brightness = defineAnalyzer({
  name: 'brightness',
  stateless: true,
  input: { width: 64, format: 'gray8' },
  analyze({ input, index }) {
    let [sum, weighted] = [0, 0];
    for (let i = 0; i < input.data.length; i++) {
      sum += input.data[i];
      weighted = (weighted * 31 + input.data[i]) % 1000003;
    }
    return { index, mean: sum / input.data.length, hash: weighted, size: [input.width, input.height] };
  },
});
