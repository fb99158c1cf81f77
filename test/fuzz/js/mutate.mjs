// Random changes of inputs, the same for the same numbers.

/** Numbers from a seed: mulberry32, and what is drawn with it. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, one: (list) => list[below(list.length)], chance: (p) => next() < p };
}

const numbers = [
  0,
  1,
  -1,
  2,
  3,
  4,
  7,
  24,
  127,
  128,
  255,
  256,
  65535,
  65536,
  0.5,
  1e9,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
];
const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 1e308, null, undefined, true, '', 'x', [], {}];
const words = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x01000000, 0x00ffffff];

/** Bytes with up to `most` changes: bits, numbers, lengths, pieces cut, doubled, or taken from another input. */
export function mutateBytes(bytes, others, { below, one, chance }, most = 4) {
  let result = Buffer.from(bytes);
  for (let n = 1 + below(most); n > 0 && result.length > 0; n--) {
    const at = below(result.length);
    const length = 1 + below(Math.min(64, result.length - at));
    switch (below(8)) {
      case 0:
        result[at] ^= 1 << below(8);
        break;
      case 1:
        result[at] = one([0, 1, 0x7f, 0x80, 0xff, below(256)]);
        break;
      case 2:
        if (at + 4 <= result.length) result.writeUInt32LE(chance(0.3) ? below(result.length) : one(words), at);
        break;
      case 3:
        if (chance(0.3)) result = result.subarray(0, at);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 5: {
        const piece = result.subarray(at, at + length);
        const copies = Array.from({ length: chance(0.1) ? 500 : 1 + below(3) }, () => piece);
        result = Buffer.concat([result.subarray(0, at), ...copies, result.subarray(at)]);
        break;
      }
      case 6: {
        const other = one(others);
        const from = below(other.length);
        result = Buffer.concat([
          result.subarray(0, at),
          other.subarray(from, from + 1 + below(256)),
          result.subarray(at),
        ]);
        break;
      }
      default:
        // a varint or a vector's length, about as long as what is there
        result[at] = Math.min(255, result[at] + one([1, 2, 4, 8, 16]));
    }
  }
  return result;
}

/** A copy of plain data (typed arrays too) with some of its leaves, lists and branches changed. */
export function mutateTree(tree, draw, most = 3) {
  const copy = structuredClone(tree);
  for (let n = 1 + draw.below(most); n > 0; n--) {
    const places = [];
    collect(copy, places);
    if (places.length > 0) change(draw.one(places), places, draw);
  }
  return copy;
}

function collect(node, places) {
  if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return;
  for (const key of Object.keys(node)) {
    places.push([node, key]);
    collect(node[key], places);
  }
}

function change([parent, key], places, draw) {
  const value = parent[key];
  const { below, one, chance } = draw;
  if (ArrayBuffer.isView(value)) {
    parent[key] = chance(0.5) ? value.slice(0, below(value.length + 1)) : value.map(() => one(numbers) | 0);
  } else if (typeof value === 'number' && chance(0.7)) parent[key] = chance(0.8) ? one(numbers) : value + one([-1, 1]);
  else if (typeof value === 'string' && chance(0.5))
    parent[key] = one([
      '',
      '\0',
      '../x',
      '/etc/passwd',
      '__proto__',
      value + value,
      '9'.repeat(30),
      one(numbers).toString(),
    ]);
  else if (Array.isArray(value) && chance(0.5)) {
    const copies = chance(0.05) ? 300 : 1 + below(4);
    if (chance(0.4)) value.splice(below(value.length + 1), 1);
    else if (value.length > 0) for (let i = 0; i < copies; i++) value.push(structuredClone(one(value)));
    else value.push(one(numbers));
  } else {
    const how = below(10);
    if (how < 3) {
      const [other, name] = one(places);
      parent[key] = structuredClone(other[name]);
    } else if (how < 5) {
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
    } else parent[key] = structuredClone(one(odd));
  }
}
