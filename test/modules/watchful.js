// Ends its process in the middle of a run; its input afterwards reaches further back than its process.
import { defineAnalyzer } from 'framepath';

export const watchful = defineAnalyzer({
  name: 'watchful',
  input: { of: 'tracks', window: 4, width: 8, format: 'gray8' },
  configure: () => ({ asked: 0 }),
  analyze({ index, input }, _deps, state) {
    if (index === 6) process.exit(1);
    return { asked: ++state.asked, frames: input.map(({ frames }) => frames.length) };
  },
});
