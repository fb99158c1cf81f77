// Highlight detection: events from the emotions of faces and from motion, returned when they end.
import { defineAnalyzer } from 'framepath';

/**
 * Peak detection with hysteresis: an event begins when the smoothed signal rises to `high` and ends when it has been below
 * `low` for `quietMs`, so that a noisy peak is one event. Events shorter than `leastMs` are ignored as noise.
 */
export function peaks({ high = 0.5, low = 0.3, quietMs = 400, leastMs = 200, smoothMs = 150 } = {}) {
  let smooth;
  let lastMs;
  let open;
  return {
    /** Adds the signal, 0 to 1, at a time. Returns the current event (`open`) or the one that just ended (`ended`); `going`: one may be starting. */
    add(timeMs, value) {
      const keep = smooth === undefined ? 0 : Math.exp(-(timeMs - lastMs) / smoothMs);
      smooth = keep * (smooth ?? 0) + (1 - keep) * value;
      lastMs = timeMs;
      if (!open && smooth >= high) open = { startMs: timeMs, peakMs: timeMs, endMs: timeMs, peak: smooth };
      if (!open) return {};
      if (smooth >= low) open.endMs = timeMs;
      if (smooth > open.peak) Object.assign(open, { peak: smooth, peakMs: timeMs });
      const long = open.endMs - open.startMs >= leastMs ? { ...open } : undefined;
      if (timeMs - open.endMs < quietMs) return { open: long, going: true };
      open = undefined;
      return { ended: long };
    },
  };
}

/** The highest score of any emotion other than neutral, over all faces. */
export const feeling = (faces = []) =>
  Math.max(0, ...faces.map(({ classes }) => classes.find(({ label }) => label !== 'neutral')?.score ?? 0));

/** How far a value is above its recent average: somebody who always smiles is not an event. */
export function rise(lately = 10_000) {
  let usual;
  let lastMs;
  return (timeMs, value) => {
    const keep = usual === undefined ? 0 : Math.exp(-(timeMs - lastMs) / lately);
    usual = keep * (usual ?? 0) + (1 - keep) * value;
    lastMs = timeMs;
    return Math.max(0, value - usual);
  };
}

/** The emotions that were seen, most frequent first. */
const named = (counts) => [...counts].sort((a, b) => b[1] - a[1]).map(([label]) => label);

export const highlights = defineAnalyzer({
  name: 'highlights',
  depends: ['movement', 'emotion'],
  configure: (options = {}) => ({ options, sources: new Map() }),
  /** The signal strength, and the current event (`open`) or the one that just ended (`ended`). */
  analyze({ source, timeMs }, { movement = 0, emotion = [] }, { options, sources }) {
    if (!sources.has(source)) sources.set(source, { peaks: peaks(options), rise: rise(), seen: new Map() });
    const { peaks: events, rise: above, seen } = sources.get(source);
    // Motion or emotion alone is enough, both give more. Motion in a tenth of the frame counts as full.
    const moved = Math.min(1, movement / 0.1);
    const signal = 1 - (1 - 0.7 * moved) * (1 - 0.8 * above(timeMs, feeling(emotion)));
    for (const { label } of emotion.flatMap(({ classes }) => classes.slice(0, 1)))
      if (label !== 'neutral') seen.set(label, (seen.get(label) ?? 0) + 1);
    const { open, ended, going } = events.add(timeMs, signal);
    const feelings = named(seen);
    if (!going) seen.clear();
    return {
      signal,
      ...(open && { open: { source, ...open, feelings } }),
      ...(ended && { ended: { source, ...ended, feelings } }),
    };
  },
});
