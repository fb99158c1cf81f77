// Stateful per source: compares with what it saw of the source before.
import { defineAnalyzer } from 'framepath';

export const changes = defineAnalyzer({
  name: 'changes',
  depends: ['brightness'],
  configure: ({ above = 0 } = {}) => ({ above, seen: new Map() }),
  analyze({ source, timeMs }, { brightness }, { above, seen }) {
    const before = seen.get(source) ?? { mean: 0, frames: 0 };
    const now = { mean: brightness.mean, frames: before.frames + 1 };
    seen.set(source, now);
    const by = now.mean - before.mean;
    return { timeMs, by, changed: by > above, frames: now.frames };
  },
});
