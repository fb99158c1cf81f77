/** Option checks: "Expected X for name but received Y". */
import { didYouMean } from './did-you-mean.js';
import { FramepathError } from './errors.js';

/** Throws unless the value fits; `name` is how the caller knows it. */
export type Rule = (name: string, value: unknown) => void;

/** The error of a value that does not fit; `known` are the names it could have been. */
export function unexpected(
  expected: string,
  name: string,
  received: unknown,
  known: Iterable<string> = [],
): FramepathError {
  const sentence = `Expected ${expected} for ${name} but received ${describe(received)}${didYouMean(received, known)}`;
  return new FramepathError('INVALID_ARGUMENT', sentence);
}

/** A value in a few words. Never throws: proxies and getters may. */
export function describe(value: unknown): string {
  try {
    return described(value, 2);
  } catch {
    return 'a value that cannot be read';
  }
}

const mostCharacters = 120;

function described(value: unknown, depth: number): string {
  if (typeof value === 'string')
    return `'${value.length > mostCharacters ? `${value.slice(0, mostCharacters)}…` : value}'`;
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value);
  if (Array.isArray(value)) {
    const { length } = value;
    return length <= 8 && depth > 0
      ? `[${Array.from(value, (item) => described(item, depth - 1)).join(', ')}]`
      : `an array of ${length}`;
  }
  const name: unknown = (value as object).constructor?.name;
  return typeof name !== 'string' || !name || name === 'Object' ? 'an object' : `an instance of ${name}`;
}

/** No NUL: behind it the system reads no further, so that another file than the named one would be opened. */
export const text: Rule = (name, value) => {
  if (typeof value !== 'string' || value === '') throw unexpected('a non-empty string', name, value);
  if (value.includes('\0')) throw unexpected('a string without NUL', name, value.replaceAll('\0', '\\0'));
};

export const flag: Rule = (name, value) => {
  if (typeof value !== 'boolean') throw unexpected('a boolean', name, value);
};

export const callable: Rule = (name, value) => {
  if (typeof value !== 'function') throw unexpected('a function', name, value);
};

/** What the native side counts with: 32 bits, and times of some centuries in milliseconds. */
const mostInteger = 2 ** 31 - 1;
const mostNumber = 1e12;

export function integer(min: number, max = mostInteger): Rule {
  return (name, value) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
    throw unexpected(`an integer ${range(min, max, mostInteger, value)}`, name, value);
  };
}

export function number(min: number, max = mostNumber): Rule {
  return (name, value) => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return;
    throw unexpected(`a number ${range(min, max, mostNumber, value)}`, name, value);
  };
}

function range(min: number, max: number, usual: number, value: unknown): string {
  return max >= usual && !(typeof value === 'number' && value > max)
    ? `of at least ${min}`
    : `between ${min} and ${max}`;
}

export function oneOf(...values: readonly string[]): Rule {
  return (name, value) => {
    if (!values.includes(value as string)) throw unexpected(`one of ${values.join(', ')}`, name, value, values);
  };
}

/** The first rule that accepts wins; `expected` describes all of them. */
export function anyOf(expected: string, ...rules: Rule[]): Rule {
  return (name, value) => {
    for (const rule of rules) {
      try {
        return rule(name, value);
      } catch {
        // the next rule may accept it
      }
    }
    throw unexpected(expected, name, value);
  };
}

export function list(rule: Rule, min = 0, max = Infinity): Rule {
  return (name, value) => {
    const items = itemsOf(value);
    if (!items || items.length < min || items.length > max) {
      const size =
        max === Infinity ? (min ? ` of at least ${min}` : '') : min === max ? ` of ${min}` : ` of ${min} to ${max}`;
      throw unexpected(`an array${size}`, name, value);
    }
    for (const [i, item] of items.entries()) rule(`${name}[${i}]`, item);
  };
}

/** An object with these optional fields and no others. */
export function fields(name: string, value: unknown, rules: Record<string, Rule>): void {
  if (value === null || typeof value !== 'object' || isArray(value)) throw unexpected('an object', name, value);
  for (const [key, item] of readable(name, value, rules)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (!rule) {
      const known = Object.keys(rules);
      throw unexpected(`one of the options ${known.join(', ')}`, name, key, known);
    }
    if (item !== undefined) rule(name === 'options' ? key : `${name}.${key}`, item);
  }
}

/** Values by name, at least one. */
export function byName(rule: Rule): Rule {
  return (name, value) => {
    const named = value !== null && typeof value === 'object' && !isArray(value) ? readable(name, value, {}) : [];
    if (named.length === 0) throw unexpected('an object of values by name', name, value);
    for (const [key, item] of named) rule(`${name}.${key}`, item);
  };
}

/** Also of a proxy that can no longer be asked. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return true;
  }
}

/** The items of an array; undefined where it is none, or cannot be read. */
function itemsOf(value: unknown): unknown[] | undefined {
  try {
    return Array.isArray(value) ? Array.from(value) : undefined;
  } catch {
    return undefined;
  }
}

/** `instanceof` that a proxy cannot make throw. */
export function isA<T>(type: abstract new (...given: never[]) => T, value: unknown): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** @throws INVALID_ARGUMENT where a proxy or a getter throws */
function readable(name: string, value: object, rules: object): [string, unknown][] {
  try {
    for (const key of Object.keys(rules)) void (value as Record<string, unknown>)[key];
    return Object.entries({ ...value }); // reads symbols too
  } catch {
    throw unexpected('an object whose properties can be read', name, value);
  }
}

/** `[x1, y1, x2, y2]` with positive size. */
export const box: Rule = (name, value) => {
  const [x1, y1, x2, y2, ...more] = (itemsOf(value) ?? []) as number[];
  const finite = [x1, y1, x2, y2].every((v) => Number.isFinite(v));
  if (!finite || more.length > 0 || !(x2! > x1!) || !(y2! > y1!))
    throw unexpected('a box [x1, y1, x2, y2] with x2 > x1 and y2 > y1', name, value);
};
