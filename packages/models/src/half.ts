/** Half-precision floats (IEEE 754 binary16) as the 16 bits they are stored in. */

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The bits of a float32 value as a half float, or undefined when that is not exact. */
function toHalf(value: number): number | undefined {
  float[0] = value;
  const bits = floatBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 127;
  const fraction = bits & 0x7fffff;
  if ((bits & 0x7fffffff) === 0) return sign;
  if (exponent > 15 || exponent < -24) return undefined;
  const normal = exponent >= -14;
  const whole = normal ? fraction : fraction | 0x800000;
  const lost = normal ? 13 : 13 - 14 - exponent;
  if (whole & ((1 << lost) - 1)) return undefined;
  return normal ? sign | ((exponent + 15) << 10) | (whole >>> lost) : sign | (whole >>> lost);
}

/** The values as half floats, or undefined when one is not exact. */
export function exactHalves(values: Float32Array): Uint16Array | undefined {
  const halves = new Uint16Array(values.length);
  for (const [i, value] of values.entries()) {
    const half = toHalf(value);
    if (half === undefined) return undefined;
    halves[i] = half;
  }
  return halves;
}
