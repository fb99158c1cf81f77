// What a GPU is expected to reach, and whether it did. A target whose figures are not there, or were not measured on the
// GPU's own units, is `not measured`, with the reason.

const of = (steps, name) => steps.find((step) => step.name === name)?.result ?? {};

/** Case of the kernel table by a part of its name. */
const kernel = (steps, part) => of(steps, 'kernels').speed?.kernels?.find((row) => row.case.includes(part));
const row = (steps, name, wanted) => of(steps, name).rows?.find((one) => wanted(one));

const missing = (why) => ({ why });
const need = (found, why, value) => (found === undefined || found === null ? missing(why) : value(found));

const copyShare = (part) => (steps) =>
  need(kernel(steps, part), 'the kernel was not measured', ({ copyRatio }) => ({ value: 1 / copyRatio }));

const pipelinesOn = (steps) => (of(steps, 'pipelines').rows ?? []).filter(({ device }) => device !== 'cpu');

/** The sum of a kind of copy over the pipelines, where the pictures were the GPU's from the start. */
const imageBytes = (kind) => (steps) => {
  const rows = pipelinesOn(steps);
  if (rows.length === 0) return missing('no pipeline ran on the device');
  const software = rows.filter(({ decodedOnGpu }) => decodedOnGpu !== 'all');
  if (software.length)
    return missing(`software decoded ${software.map(({ name }) => name).join(', ')}: those pictures are uploaded`);
  const lacking = ['A', 'B', 'C', 'D'].filter((name) => !rows.some((one) => one.name === name));
  if (lacking.length) return missing(`${lacking.join(', ')} did not run on the device`);
  return { value: rows.reduce((sum, { copies }) => sum + copies[kind], 0) };
};

/** `figure(steps)` gives {value} or {why}. */
const targets = [
  {
    name: 'kernels give the bits of the host',
    most: 0,
    unit: 'tests failed',
    figure: (steps) =>
      need(of(steps, 'kernels').equal, 'the kernels were not compared', ({ failed }) => ({ value: failed })),
  },
  { name: 'letterbox of 4K against a copy in the device', least: 0.7, figure: copyShare('2160p nv12 to 640x360') },
  {
    name: 'compose on a 4K canvas against a copy in the device',
    least: 0.7,
    figure: copyShare('on a 2160p nv12 canvas'),
  },
  {
    name: 'compose of a 1080p split',
    most: 0.1,
    unit: 'ms',
    figure: (steps) =>
      need(kernel(steps, '1080p nv12 on an nv12 canvas'), 'the kernel was not measured', ({ ms }) => ({ value: ms })),
  },
  {
    name: 'decode and detect, 16 parallel 1080p H.264 sources',
    least: 4000,
    unit: 'frames/s',
    figure: (steps) =>
      need(
        row(steps, 'decode', ({ sources, detect }) => sources === 16 && detect),
        '16 sources were not measured',
        ({ fps, decodedOnGpu }) => (decodedOnGpu === 'all' ? { value: fps } : missing('software decoded, not NVDEC')),
      ),
  },
  {
    name: 'end to end latency of a live source, p99',
    most: 50,
    unit: 'ms',
    figure: (steps) =>
      need(
        row(steps, 'latency', ({ device }) => device !== 'cpu'),
        'it was not measured',
        ({ p99, decodedOnGpu }) => (decodedOnGpu === 'all' ? { value: p99 } : missing('software decoded, not NVDEC')),
      ),
  },
  { name: 'h2dImage of pipelines A to D', most: 0, unit: 'bytes', figure: imageBytes('h2dImage') },
  { name: 'd2hImage of pipelines A to D', most: 0, unit: 'bytes', figure: imageBytes('d2hImage') },
  {
    name: 'the busiest engine (NVDEC or SM) in D, highest second',
    least: 80,
    unit: '%',
    figure: (steps) =>
      need(
        pipelinesOn(steps).find(({ name }) => name === 'D'),
        'D did not run on the device',
        ({ nvdec, sm, decodedOnGpu }) => {
          if (decodedOnGpu !== 'all') return missing('software decoded, not NVDEC');
          return nvdec || sm ? { value: Math.max(nvdec?.max ?? 0, sm?.max ?? 0) } : missing('NVML gave no utilisation');
        },
      ),
  },
  {
    name: 'pictures by CUDA IPC that differ from those by way of the host, or were brought there',
    most: 0,
    unit: 'frames',
    figure: (steps) => {
      const rows = (of(steps, 'ipc').equal ?? []).filter(
        ({ name, skipped }) => !skipped && name.endsWith('GPU memory'),
      );
      if (rows.length < 3) return missing('not every place was tried');
      return { value: rows.reduce((sum, one) => sum + (one.where === 'cpu' ? one.frames : one.differ), 0) };
    },
  },
  {
    name: 'alive after runs of the churn',
    most: 0,
    unit: 'objects',
    figure: (steps) => need(of(steps, 'churn').churn, 'there was no churn', ({ alive }) => ({ value: alive })),
  },
];

/**
 * [{name, wanted, value, verdict, why?}] of the suite's steps. `verdict` is `met`, `missed` or `not measured`.
 * @param steps the entries of the suite's JSON
 */
export function judge(steps) {
  return targets.map(({ name, least, most, unit = '', figure }) => {
    const bound = least ?? most;
    const wanted = `${least === undefined ? '<=' : '>='} ${bound} ${unit}`.trimEnd();
    const { value, why } = figure(steps);
    if (!Number.isFinite(value)) return { name, wanted, value: null, verdict: 'not measured', why: why ?? 'no figure' };
    const met = least === undefined ? value <= most : value >= least;
    return { name, wanted, value, verdict: met ? 'met' : 'missed' };
  });
}
