// Crops of faces, turned upright.
import { defineAnalyzer } from 'framepath';

export const chips = defineAnalyzer({
  name: 'chips',
  input: { width: 32, format: 'rgb24', crop: 'faces', align: 'arcface' },
  analyze: ({ input }, { faces }) =>
    input.map(({ data, width, height, box, index }) => {
      let hash = 0;
      for (const value of data) hash = (hash * 31 + value) % 1000003;
      return { hash, width, height, box, index, same: box.every((side, i) => side === faces[index].box[i]) };
    }),
});
