// Delay of timers on this process's event loop.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const inMs = (ns) => Number((ns / 1e6).toFixed(2));

/** Starts watching; the returned function ends it and gives {p50, p99} in milliseconds (resolution 1 ms: 1.1 is nothing). */
export function watchLoop() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return () => {
    delay.disable();
    return { p50: inMs(delay.percentile(50)), p99: inMs(delay.percentile(99)) };
  };
}
