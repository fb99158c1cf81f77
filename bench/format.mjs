// Formats numbers with their units. A missing value or NaN is a dash.
export const missing = '–';

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** Three digits that matter, thousands apart: 1,234 · 168 · 10.7 · 2.28 · 0.36 · 0.0040. */
export function number(value) {
  if (!isNumber(value)) return missing;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 99.95) return Math.round(value).toLocaleString('en-US');
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.995) return value.toFixed(2);
  return value.toFixed(Math.min(6, Math.ceil(-Math.log10(size)) + 1));
}

/** A count: 600 · 1,200; other numbers as by `number`. */
export const count = (value) => (Number.isInteger(value) ? value.toLocaleString('en-US') : number(value));

const withUnit = (unit) => (value) => (isNumber(value) ? `${number(value)} ${unit}` : missing);

export const ms = withUnit('ms');
export const fps = withUnit('fps');
export const gbPerSecond = withUnit('GB/s');
export const megabytes = (bytes) => withUnit('MB')(isNumber(bytes) ? bytes / 1e6 : bytes);
export const gibibytes = (bytes) => (isNumber(bytes) ? `${count(Number((bytes / 2 ** 30).toFixed(1)))} GiB` : missing);
export const times = (value) => (isNumber(value) ? `${number(value)}×` : missing);

/** A share 0..1: 4 % · 0.6 % · 99.8 %; below 1 never rounded to 100 %, above 0 never to 0 %. */
export function percent(share) {
  if (!isNumber(share)) return missing;
  const value = share * 100;
  if (value > 0 && value < 0.05) return '< 0.1 %';
  if (value >= 99.95 && value < 100) return '> 99.9 %';
  const fine = (Math.abs(value) > 0 && Math.abs(value) < 0.95) || (value > 99 && value < 100);
  return `${fine ? value.toFixed(1) : Math.round(value)} %`;
}

/** Half of (max - min) / median, as plus or minus. */
export const plusMinus = (spread) => (isNumber(spread) && spread > 0 ? `±${percent(spread / 2)}` : '');

/** Any value of a result as text. */
export function text(value) {
  if (value === null || value === undefined || value === '') return missing;
  if (typeof value === 'number') return count(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? missing : String(value);
}

/** The reason of a failure in one line: the output of a program can be long. */
export function reason(value) {
  const line = text(value).replace(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

/** 2025-11-25 12:09 UTC. */
export function date(value) {
  const time = new Date(value ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? text(value) : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Joins texts, without missing ones. */
export const joined = (texts, by = ', ') => texts.filter((one) => one && !one.includes(missing)).join(by);

export { isNumber };
