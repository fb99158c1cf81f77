// The number of people now and so far: keeps the set of track ids seen, per source.
import { defineAnalyzer } from 'framepath';

export const peopleCounter = defineAnalyzer({
  name: 'people',
  depends: ['tracks'],
  configure: () => new Map(),
  analyze({ source }, { tracks = [] }, seen) {
    const known = seen.get(source) ?? new Set();
    seen.set(source, known);
    for (const { track } of tracks) known.add(track);
    return { now: tracks.length, total: known.size };
  },
});
