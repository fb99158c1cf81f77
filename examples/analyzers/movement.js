// Motion: the fraction of the frame that changes from frame to frame, 0 (a still) to 1, on a gray copy 64 pixels wide.
import { defineAnalyzer } from 'framepath';

export const movement = defineAnalyzer({
  name: 'movement',
  input: { width: 64, format: 'gray8' },
  configure: () => new Map(),
  analyze({ source, input }, _, before) {
    const last = before.get(source);
    before.set(source, input.data.slice()); // the pixels are borrowed until analyze returns
    if (!last) return 0;
    const changed = input.data.reduce((sum, value, i) => sum + (Math.abs(value - last[i]) > 16 ? 1 : 0), 0);
    return changed / input.data.length;
  },
});
