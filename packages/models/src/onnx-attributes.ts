/** Attributes of ONNX nodes. */
import { type Attribute, AttributeType, attributeCodec, type Node, OnnxFormatError, wholeOf } from './onnx-proto.js';

export const attributeOf = (node: Node, name: string): Attribute | undefined =>
  node.attribute.find((attribute) => attribute.name === name);

/** An integer attribute; undefined where the node has none of that name. */
export function integerOf(node: Node, name: string): number | undefined {
  const { i } = attributeOf(node, name) ?? {};
  return i === undefined ? undefined : Number(i);
}

export function integerAttribute(name: string, i: number): Attribute {
  return attributeCodec.create({ name, i: wholeOf(name, i), type: AttributeType.int });
}

function integersAttribute(name: string, values: number[]): Attribute {
  const ints = values.map((value) => wholeOf(name, value));
  return attributeCodec.create({ name, ints, type: AttributeType.ints });
}

/** Value of an attribute: integer, text, integers, or float. */
export type AttributeValue = number | string | readonly number[] | { float: number };

/** @throws OnnxFormatError for an undefined value, for example from a list that is too short */
function attribute(name: string, value: AttributeValue | undefined): Attribute {
  if (value === undefined) throw new OnnxFormatError(`the attribute ${name} has no value`);
  if (typeof value === 'number') return integerAttribute(name, value);
  if (typeof value === 'string')
    return attributeCodec.create({ name, s: new TextEncoder().encode(value), type: AttributeType.string });
  if ('float' in value) return attributeCodec.create({ name, f: value.float, type: AttributeType.float });
  return integersAttribute(name, [...value]);
}

export type Attributes = Readonly<Record<string, AttributeValue>>;

export const attributesOf = (values: Attributes): Attribute[] =>
  Object.entries(values).map(([name, value]) => attribute(name, value));
