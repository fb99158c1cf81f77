/** Several values in one option: `head=yolo,size=640x640,mean=0,scale=1/255,labels=cat:dog,realtime=true`, or JSON. */
import { messageOf } from '../errors.js';
import { fields, type Rule } from '../validate.js';
import { UsageError } from './command.js';

const lists = ['mean', 'scale', 'labels'];
const words: Record<string, unknown> = { true: true, false: false, Infinity: Number.POSITIVE_INFINITY };

/** What `--name` holds, checked by `rules`. @throws UsageError */
export function factsOf(name: string, text: string | undefined, rules: Record<string, Rule>): Record<string, unknown> {
  if (text === undefined) return {};
  const facts = text.trimStart().startsWith('{') ? fromJson(name, text) : Object.fromEntries(pairsOf(name, text));
  try {
    fields(`--${name}`, facts, rules);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  return facts as Record<string, unknown>;
}

function fromJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Expected JSON for --${name} but received '${text}' (${messageOf(error)})`);
  }
}

function pairsOf(name: string, text: string): [string, unknown][] {
  return text.split(',').map((pair) => {
    const [, key = '', value = ''] = /^\s*(\w+)=(.+)$/.exec(pair) ?? [];
    if (!key) throw new UsageError(`Expected key=value,key=value for --${name} but received '${text}'`);
    if (key === 'labels') return [key, value.split(':')];
    if (key === 'size') return [key, value.split('x').map(numberOr)];
    return [key, lists.includes(key) ? value.split(':').map(numberOr) : (words[value] ?? numberOr(value))];
  });
}

/** `0.5`, `1e-3`, `1/255` as numbers; everything else as it is. */
function numberOr(value: string): number | string {
  const [top = '', bottom = '1', ...more] = value.split('/');
  const number = Number(top) / Number(bottom);
  return top.trim() !== '' && more.length === 0 && Number.isFinite(number) ? number : value;
}
