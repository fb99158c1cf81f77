// The suite's result as text to read.

const number = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const whole = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-');
const megabytes = (bytes) => (Number.isFinite(bytes) ? whole(bytes / 1e6) : '-');
const range = (reading) => (reading ? `${number(reading.mean, 0)}/${number(reading.max, 0)}` : '-');

/** Columns as wide as their longest cell; the first is on the left, the others on the right. */
export function table(head, rows) {
  const lines = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) =>
    line
      .map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

const runsHead = [
  '',
  'frames/s',
  'CPU ms/frame',
  'decoded by',
  'NVDEC %',
  'NVENC %',
  'SM %',
  'VRAM MB',
  'h2dImage MB',
  'd2hImage MB',
  'd2hEncode MB',
];
const decodedBy = { all: 'the GPU', some: 'both', none: 'software' };
const runRow = (name, row) => [
  name,
  whole(row.fps),
  number(row.cpuMsPerFrame, 2),
  decodedBy[row.decodedOnGpu] ?? '-',
  range(row.nvdec),
  range(row.nvenc),
  range(row.sm),
  megabytes(row.vramBytes?.max),
  ...['h2dImage', 'd2hImage', 'd2hEncode'].map((kind) => megabytes(row.copies?.[kind])),
];
const recoveryLines = (rows) =>
  [...new Set(rows.flatMap(({ recoveries = [] }) => recoveries))].map((text) => `! ${text}`);

/** Lines of each step's result. */
const lines = {
  environment({ doctor, nvidiaSmi, nvidiaSmiMissing, encoding, kernel, libc }) {
    return [
      `kernel ${kernel}, glibc ${libc}`,
      nvidiaSmi ?? `nvidia-smi: ${nvidiaSmiMissing}`,
      ...(doctor?.native?.cuda?.steps ?? []).map(
        ({ name, works, result }) => `${works ? 'ok' : 'NO'} ${name}: ${result}`,
      ),
      ...(doctor?.providers ?? []).map(
        ({ provider, state, reason }) => `${state === 'works' ? 'ok' : 'NO'} ${provider}${reason ? `: ${reason}` : ''}`,
      ),
      ...(doctor?.native?.cuda?.video?.decodes ?? []).map(
        ({ codec, chroma, depth, to }) => `decodes ${codec} ${chroma} ${depth}-bit to ${to.join('x')}`,
      ),
      ...(encoding ? [`encoding: ${encoding.inSoftware ? 'in software' : 'NVENC'}`, ...recoveryLines([encoding])] : []),
    ];
  },
  kernels({ equal, speed, tests = [] }) {
    const head = ['kernel', 'case', 'ms', 'GB/s', 'copy GB/s', 'of the copy'];
    const rows = (speed?.kernels ?? []).map((row) => [
      row.name,
      row.case,
      number(row.ms, 4),
      whole(row.gbPerSecond),
      whole(row.copyGbPerSecond),
      `${number(100 / row.copyRatio, 0)} %`,
    ]);
    return [
      ...(equal
        ? [
            `equal to the host: ${equal.passed} tests passed, ${equal.failed} failed, ${equal.cases} random cases a kernel`,
          ]
        : []),
      ...(speed
        ? [
            `a large copy inside the device moves ${whole(speed.copyGbPerSecond)} GB/s, read and written`,
            ...table(head, rows),
          ]
        : []),
      ...tests.map(({ name, passed, failed }) => `${name}: ${passed} passed, ${failed} failed`),
    ];
  },
  decode({ rows = [], codecs = [] }) {
    const named = codecs.map(({ codec, decodedOnGpu, frames, error }) =>
      error ? `${codec}: ${error}` : `${codec}: ${frames} frames, by ${decodedBy[decodedOnGpu]}`,
    );
    return [
      ...table(
        runsHead,
        rows.map((row) => runRow(row.name, row)),
      ),
      ...named,
      ...recoveryLines([...rows, ...codecs]),
    ];
  },
  inference({ rows = [] }) {
    const cells = rows.map(({ name, provider, callMs, modelMs }) => [
      name,
      provider ?? '-',
      number(callMs, 3),
      number(modelMs, 3),
    ]);
    return table(['', 'provider', 'whole call ms', 'model ms'], cells);
  },
  pipelines({ rows = [] }) {
    return [
      ...table(
        runsHead,
        rows.map((row) => runRow(`${row.name} on ${row.device}`, row)),
      ),
      ...recoveryLines(rows),
    ];
  },
  latency({ rows = [] }) {
    const cells = rows.map(({ device, pictures, p50, p99, max, decodedOnGpu }) => [
      device,
      pictures,
      decodedBy[decodedOnGpu],
      number(p50),
      number(p99),
      number(max),
    ]);
    return table(['', 'pictures', 'decoded by', 'p50 ms', 'p99 ms', 'max ms'], cells);
  },
  parallel({ row }) {
    return row ? [...table(runsHead, [runRow('4 sources', row)]), ...recoveryLines([row])] : [];
  },
  ipc({ equal = [], torch = [] }) {
    const seen = equal.map(({ name, skipped, frames, differ, where, copies }) =>
      skipped ? [name, '-', '-', skipped, '-'] : [name, frames, differ, where, megabytes(copies.d2hRequested)],
    );
    const timed = torch.map(({ name, skipped, frames, fps, same, copies }) =>
      skipped
        ? [name, '-', '-', skipped, '-']
        : [name, frames, whole(fps), same ? 'the same sums' : 'OTHER SUMS', megabytes(copies.d2hRequested)],
    );
    return [
      ...table(['', 'frames', 'differ', 'read on', 'down MB'], seen),
      ...table(['PyTorch', 'frames', 'frames/s', '', 'down MB'], timed),
      ...recoveryLines([...equal, ...torch]),
    ];
  },
  churn({ churn }) {
    if (!churn) return [];
    const { runs, frames, minutes, alive, rssMegabytes, vramBytes, threads, descriptors, grew } = churn;
    return [
      `${runs} runs, ${whole(frames)} frames in ${number(minutes)} minutes; alive after a run: ${alive}`,
      `memory ${rssMegabytes.map((value) => number(value, 0)).join(' -> ')} MB, VRAM ${vramBytes.map(megabytes).join(' -> ')} MB, ` +
        `threads ${threads.join(' -> ')}, files ${descriptors.join(' -> ')}`,
      ...grew.map((what) => `! ${what}`),
      ...recoveryLines([churn]),
    ];
  },
  peers({ torch, rows = [] }) {
    const skippedLines = torch?.skipped
      ? [`PyTorch: not measured, ${torch.skipped}`]
      : torch
        ? [
            `PyTorch ${torch.torch}, OpenCV ${torch.opencv}: decode ${whole(torch.decodeFps)} frames/s, with resize and normalise ${whole(torch.fps)}`,
          ]
        : [];
    const cells = rows.map(({ name, fps, copies }) => [
      name,
      whole(fps),
      megabytes(copies.h2dImage),
      megabytes(copies.d2hImage + copies.d2hRequested),
    ]);
    return [...skippedLines, ...table(['ours', 'frames/s', 'up MB', 'down MB'], cells)];
  },
};

/** The whole result, as it is printed. */
export function text({ machine, date, seconds, quick, steps, targets }) {
  const { gpu, driver, cpu, cores, versions } = machine;
  const out = [
    `framepath ${versions.framepath} on ${gpu ?? 'no GPU'}${driver ? `, driver ${driver}` : ''}; ${cpu}, ${cores} cores; ${date}`,
    `${number(seconds, 0)} s${quick ? ', the quick form: its figures are not about speed' : ''}`,
  ];
  for (const { name, title, ok, seconds: took, result, error } of steps) {
    out.push('', `${ok ? 'ok' : 'FAILED'} ${name}: ${title} (${number(took)} s)`);
    out.push(...(lines[name]?.(result) ?? []).map((line) => `  ${line}`));
    if (error) out.push(...error.split('\n').map((line) => `  ! ${line}`));
  }
  const cells = targets.map(({ name, wanted, value, verdict, why }) => [
    name,
    wanted,
    value === null ? '-' : number(value, Math.abs(value) < 10 ? 3 : 0),
    why ? `${verdict}: ${why}` : verdict,
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((cell) => cell[i].length)));
  out.push('', 'targets');
  for (const cell of cells) out.push(`  ${cell.map((part, i) => (i < 3 ? part.padEnd(widths[i]) : part)).join('  ')}`);
  return `${out.join('\n')}\n`;
}
