/** Waiting for one of several servers: the M/M/c queue (Erlang 1917; Kleinrock, Queueing Systems I, section 3.5). */

/** Probability that a job must wait when `load` servers' worth of work comes to `servers` (Erlang C). */
export function waitProbability(servers: number, load: number): number {
  if (load >= servers) return 1;
  let blocked = 1; // Erlang B, by its recursion over the number of servers
  for (let k = 1; k <= servers; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

/** The wait that `share` of the jobs do not exceed, in the unit of the mean `service`; infinite when it is too much. */
export function waitQuantile(servers: number, load: number, service: number, share: number): number {
  if (load >= servers) return Number.POSITIVE_INFINITY;
  const waits = waitProbability(servers, load);
  return waits <= 1 - share ? 0 : (Math.log(waits / (1 - share)) * service) / (servers - load);
}
