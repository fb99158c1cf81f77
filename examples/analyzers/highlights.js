// Where something happens: events from the emotions of faces and from movement, found as they end.
import { defineAnalyzer } from 'framepath';

/**
 * Peaks of a signal, with hysteresis: one begins when the smoothed signal rises to `high` and ends when it has been below
 * `low` for `quietMs`, so that one moment is one event, however it trembles. Those shorter than `leastMs` are noise.
 */
export function peaks({ high = 0.5, low = 0.3, quietMs = 400, leastMs = 200, smoothMs = 150 } = {}) {
  let smooth;
  let lastMs;
  let open;
  const end = () => {
    const done = open;
    open = undefined;
    return done && done.endMs - done.startMs >= leastMs ? done : undefined;
  };
  return {
    /** The signal, 0 to 1, at a time; the event that has ended by now, if one has. */
    add(timeMs, value) {
      const keep = smooth === undefined ? 0 : Math.exp(-(timeMs - lastMs) / smoothMs);
      smooth = keep * (smooth ?? 0) + (1 - keep) * value;
      lastMs = timeMs;
      if (!open && smooth >= high) open = { startMs: timeMs, peakMs: timeMs, endMs: timeMs, peak: smooth };
      if (!open) return undefined;
      if (smooth >= low) open.endMs = timeMs;
      if (smooth > open.peak) Object.assign(open, { peak: smooth, peakMs: timeMs });
      return timeMs - open.endMs >= quietMs ? end() : undefined;
    },
    /** The event that is still going on, if there is one. */
    end,
  };
}

/** How strong the strongest feeling of anybody is: what is not neutral. */
export const feeling = (faces = []) =>
  Math.max(0, ...faces.map(({ classes }) => classes.find(({ label }) => label !== 'neutral')?.score ?? 0));

/** Which feelings were seen, the most frequent first. */
const named = (counts) => [...counts].sort((a, b) => b[1] - a[1]).map(([label]) => label);

export const highlights = defineAnalyzer({
  name: 'highlights',
  depends: ['movement', 'emotion'],
  configure: (options = {}) => ({ options, sources: new Map() }),
  /** Answers with the events that have ended with this frame, and how strong the signal is. */
  analyze({ source, timeMs }, { movement = 0, emotion = [] }, { options, sources }) {
    if (!sources.has(source)) sources.set(source, { peaks: peaks(options), labels: new Map() });
    const state = sources.get(source);
    // Either is enough, both are better: 1 - (1 - a)(1 - b). A tenth of the picture moving is a lot.
    const moved = Math.min(1, movement / 0.1);
    const signal = 1 - (1 - 0.6 * moved) * (1 - 0.8 * feeling(emotion));
    for (const { classes } of emotion)
      if (classes[0] && classes[0].label !== 'neutral')
        state.labels.set(classes[0].label, (state.labels.get(classes[0].label) ?? 0) + 1);
    const ended = state.peaks.add(timeMs, signal);
    if (!ended) return { signal, ended: [] };
    const event = { source, ...ended, feelings: named(state.labels) };
    state.labels.clear();
    return { signal, ended: [event] };
  },
});
