/** What must hold of a run however it ended; and waiting that cannot hang. */
import { expect } from 'vitest';
import { errorCodes, FramepathError, type Report, type Run } from '../../src/index.js';

/** Rejects when `promise` has not settled in time: a hang is reported as one, not as a test that timed out. */
export async function within<T>(ms: number, promise: Promise<T>, what = 'it'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not ended after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Closes a run; then nothing may be alive, and every frame must be accounted for. */
export async function closed(run: Run): Promise<Report> {
  await within(15_000, run.close(), 'close()').catch((error) => expect(error).toBeInstanceOf(FramepathError));
  const report = await run.report();
  expect(report.live).toEqual({ tasks: 0, leases: 0, deviceBytes: 0, encoders: 0 });
  for (const { id, in: taken, delivered, dropped, inFlight } of report.sources) {
    const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
    expect({ id, all: delivered + lost + inFlight, inFlight }).toEqual({ id, all: taken, inFlight: 0 });
  }
  return report;
}

/** The code a promise rejects with; anything but a coded error that is not our defect is a failure of the test. */
export async function codeOf(promise: Promise<unknown>, ms = 30_000): Promise<string> {
  const error = await within(ms, promise).then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(FramepathError);
  expect(Object.keys(errorCodes)).toContain(error.code);
  expect(error, error.stack).not.toMatchObject({ code: 'INTERNAL' });
  return error.code;
}

/** Iterates a run to its end; how many frames came. */
export async function count(run: AsyncIterable<unknown>): Promise<number> {
  let n = 0;
  for await (const _ of run) n++;
  return n;
}
