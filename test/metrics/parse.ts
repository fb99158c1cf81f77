/** A strict reader of Prometheus' text format 0.0.4: throws at whatever a scraper would refuse. */

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  help: string;
  type: string;
  samples: ParsedSample[];
}

const escapes: Record<string, string> = { '\\\\': '\\', '\\n': '\n', '\\"': '"' };

function sampleOf(line: string): ParsedSample {
  const [, name, , inner, value] =
    /^([a-zA-Z_:][\w:]*)(\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, label, text] of (inner ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"/g)) {
    if (label! in labels) throw new Error(`the label ${label} twice: ${line}`);
    labels[label!] = text!.replace(/\\[\\n"]/g, (pair) => escapes[pair]!);
  }
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (Number.isNaN(number)) throw new Error(`not a number: ${line}`);
  return { name, labels, value: number };
}

/** The family a sample belongs to. */
const familyOf = ({ name }: ParsedSample, { name: family, type }: ParsedFamily): boolean =>
  name === family || (type === 'histogram' && new RegExp(`^${family}_(bucket|sum|count)$`).test(name));

export function parse(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const found = new Map<string, ParsedFamily>();
  const series = new Set<string>();
  let current: ParsedFamily | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, name, help] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (name !== undefined) {
      if (found.has(name)) throw new Error(`the family ${name} twice`);
      current = { name, help: help!, type: '', samples: [] };
      found.set(name, current);
    } else if (typed !== undefined) {
      if (current?.name !== typed || current.type) throw new Error(`a type out of place: ${line}`);
      current.type = type!;
    } else {
      const sample = sampleOf(line);
      if (!current?.type || !familyOf(sample, current)) throw new Error(`a sample out of place: ${line}`);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (series.has(key)) throw new Error(`twice: ${line}`);
      series.add(key);
      current.samples.push(sample);
    }
  }
  for (const family of found.values()) if (family.type === 'histogram') checkHistogram(family);
  return found;
}

function checkHistogram({ name, samples }: ParsedFamily): void {
  const of = (suffix: string) => samples.filter((sample) => sample.name === `${name}_${suffix}`);
  for (const { labels, value: count } of of('count')) {
    const same = ({ labels: { le: _, ...rest } }: ParsedSample) => JSON.stringify(rest) === JSON.stringify(labels);
    const buckets = of('bucket').filter(same);
    if (of('sum').filter(same).length !== 1) throw new Error(`${name} has no sum`);
    if (buckets.at(-1)?.labels.le !== '+Inf' || buckets.at(-1)?.value !== count)
      throw new Error(`${name}: the last bucket is not the count`);
    buckets.slice(1).forEach((bucket, i) => {
      const before = buckets[i]!;
      if (Number(bucket.labels.le!.replace('+Inf', 'Infinity')) <= Number(before.labels.le))
        throw new Error(`${name}: bounds that do not rise`);
      if (bucket.value < before.value) throw new Error(`${name}: buckets that fall`);
    });
  }
}
