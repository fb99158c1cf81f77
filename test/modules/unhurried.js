// Takes its time, more for some frames than for those after them: nothing may overtake, and pixels stay what they are.
import { setTimeout } from 'node:timers/promises';
import { defineAnalyzer } from 'framepath';

export const unhurried = defineAnalyzer({
  name: 'unhurried',
  input: { width: 64, format: 'gray8' },
  configure: () => ({ busy: 0, last: {} }),
  async analyze({ source, index, input }, _deps, state) {
    const before = input.data.slice();
    state.busy++;
    await setTimeout((index * 7) % 5);
    const alone = state.busy === 1 && before.every((value, i) => value === input.data[i]);
    const inOrder = index === (state.last[source] ?? -1) + 1;
    state.last[source] = index;
    state.busy--;
    return { alone, inOrder, mean: before.reduce((sum, value) => sum + value, 0) / before.length };
  },
});
