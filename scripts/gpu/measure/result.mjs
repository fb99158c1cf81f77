// Findings of a step while it runs, one JSON line each, so that what was found before a crash or a time limit is kept.

/**
 * The findings of a step. `write` gets one line at a time.
 * `set(key, value)`; `add(key, row)` appends to a list; `attempt(what, body)` runs a part of the step whose failure is
 * noted and does not end the others.
 */
export function findings(write) {
  const emit = (line) => write(`${JSON.stringify(line)}\n`);
  return {
    set: (key, value) => emit({ set: key, value }),
    add: (key, value) => emit({ add: key, value }),
    async attempt(what, body) {
      try {
        return await body();
      } catch (error) {
        emit({ add: 'errors', value: { what, error: error.message } });
        return undefined;
      }
    },
  };
}

/** The result that the lines of a step make; lines that are no findings are left out. */
export function gather(lines) {
  const result = {};
  for (const line of lines) {
    let one;
    try {
      one = JSON.parse(line);
    } catch {
      continue;
    }
    if (typeof one?.set === 'string') result[one.set] = one.value;
    else if (typeof one?.add === 'string') result[one.add] = [...(result[one.add] ?? []), one.value];
  }
  return result;
}

/**
 * The step's entry in the suite's JSON: {name, title, ok, seconds, result, error?}.
 * @param ended {code, signal, timedOut, stderr} of its process
 */
export function entryOf({ name, title }, { lines, seconds, ended }) {
  const result = gather(lines);
  const failed = result.errors?.map(({ what, error }) => `${what}: ${error}`) ?? [];
  if (ended.timedOut) failed.unshift(`ended at its limit of ${Math.round(seconds)} s`);
  else if (ended.signal) failed.unshift(`killed by ${ended.signal}: ${ended.stderr}`.trimEnd());
  else if (ended.code !== 0) failed.unshift(ended.stderr || `exit status ${ended.code}`);
  return { name, title, ok: failed.length === 0, seconds, result, ...(failed.length && { error: failed.join('\n') }) };
}
