// Reads a result file: sections that ran, sections and rows that did not and why, the machine as text.
import { date, gibibytes, reason as inOneLine, isNumber, joined, missing, text } from './format.mjs';

export const sectionNames = ['pipelines', 'stages', 'kernels', 'timelines', 'scaling', 'options', 'ratios', 'targets'];

const isObject = (value) => typeof value === 'object' && value !== null;

/** A section's rows that ran (`rows`), those that did not (`skipped`), and the reason where none ran (`reason`). */
export function section(result, name) {
  const value = result?.[name];
  const all = (Array.isArray(value) ? value : []).filter(isObject);
  const rows = all.filter((row) => !row.skipped);
  const skipped = all.filter((row) => row.skipped);
  const why = value?.skipped ?? result?.[`${name}Skipped`] ?? skipped[0]?.skipped ?? 'not part of this run';
  const reason = rows.length ? null : inOneLine(why);
  return { rows, skipped, reason };
}

/** A list of a row; empty where it is missing. */
export const list = (value) => (Array.isArray(value) ? value.filter(isObject) : []);

export const isOurs = (contender) => String(contender ?? '').startsWith('framepath');

/** The pipelines, each with its contenders in the order of the file (skipped ones among them). */
export function pipelineGroups(result) {
  const groups = new Map();
  for (const row of list(result?.pipelines)) {
    if (!row.name) continue;
    if (!groups.has(row.name)) groups.set(row.name, { name: String(row.name), title: '', contenders: [] });
    const group = groups.get(row.name);
    group.title ||= row.title ? String(row.title) : '';
    group.contenders.push(row);
  }
  return [...groups.values()];
}

const nameInSection = {
  pipelines: (row) => `${text(row.name)}: ${text(row.contender)}`,
  stages: (row) => `stage ${joined([text(row.stage), text(row.case)])}`,
  kernels: (row) => `kernel ${joined([text(row.name), text(row.case), text(row.isa)])}`,
  timelines: (row) => `time line of ${text(row.pipeline)}`,
  options: (row) => `option ${text(row.name)}`,
  scaling: (row) => `scaling: ${text(row.name)}`,
  ratios: (row) => `ratio of ${text(row.pipeline)} against ${text(row.against)}`,
  targets: (row) => `target: ${text(row.name)}`,
};

/** Everything that did not run: [{what, reason}]. */
export function skippedParts(result) {
  return sectionNames.flatMap((name) => {
    const { rows, skipped, reason } = section(result, name);
    if (rows.length === 0 && skipped.length === 0) return [{ what: `section ${name}`, reason }];
    return skipped.map((row) => ({ what: nameInSection[name](row), reason: inOneLine(row.skipped) }));
  });
}

/** The machine, the system, the versions and the date, each as one line (or a dash). */
export function describe(result) {
  const { cpu, cores, memoryBytes, isa, os, kernel } = result?.machine ?? {};
  const versions = Object.entries(result?.versions ?? {})
    .filter(([, version]) => version)
    .map(([name, version]) => `${name} ${text(version)}`);
  const orMissing = (line) => line || missing;
  return {
    machine: orMissing(joined([text(cpu), isNumber(cores) ? `${cores} cores` : '', gibibytes(memoryBytes), text(isa)])),
    system: orMissing(joined([text(os), kernel ? `kernel ${text(kernel)}` : ''])),
    versions: orMissing(versions.join(', ')),
    date: date(result?.date),
  };
}

/** Short name of a machine, for results of several side by side. */
export function machineKey(result) {
  const { cpu, cores, memoryBytes, isa } = result?.machine ?? {};
  return [cpu, cores, Math.round((memoryBytes ?? 0) / 2 ** 30), isa].join('|');
}
