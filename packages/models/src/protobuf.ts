/**
 * Reads and writes messages of ONNX files by @bufbuild/protobuf. Schemas list only the fields that are used; unknown fields are
 * preserved.
 *
 * The library does not bound memory (34 MB of empty nodes end the process), so parts are counted before it parses.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/** The bytes are not a well-formed message, or there are too many messages in them. */
export class ProtobufError extends Error {}

/** Field name -> number and type: a scalar, or the name of a message; `*` after it: repeated. */
export type Schemas = Record<string, Record<string, [number: number, type: string]>>;

const scalars: Record<string, Type> = {
  float: Type.FLOAT,
  int32: Type.INT32,
  int64: Type.INT64,
  string: Type.STRING,
  bytes: Type.BYTES,
};

function fieldOf(name: string, number: number, type: string): FieldDescriptorProto {
  const isMany = type.endsWith('*');
  const element = isMany ? type.slice(0, -1) : type;
  const scalar = scalars[element];
  return create(FieldDescriptorProtoSchema, {
    name,
    jsonName: name,
    number,
    label: isMany ? Label.REPEATED : Label.OPTIONAL,
    ...(scalar ? { type: scalar, proto3Optional: !isMany } : { type: Type.MESSAGE, typeName: `.${element}` }),
  });
}

/** Codecs of the messages, by name. Scalars that are absent are undefined; lists of numbers are written packed. */
export function codecsOf(schemas: Schemas): <T extends Message>(name: string) => Codec<T> {
  const messageType = Object.entries(schemas).map(([name, fields]) => ({
    name,
    field: Object.entries(fields).map(([field, [number, type]]) => fieldOf(field, number, type)),
  }));
  const file = create(FileDescriptorProtoSchema, { name: 'file.proto', syntax: 'proto3', messageType });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return (name) => new Codec(registry.getMessage(name)!);
}

/** Most messages, texts and numbers in a file: in memory they take many times their bytes. */
const mostParts = 2 ** 21;

/** Wire type of one value of a field. */
function wireOf(field: DescField): WireType {
  if (field.scalar === ScalarType.FLOAT) return WireType.Bit32;
  return field.scalar === ScalarType.INT32 || field.scalar === ScalarType.INT64
    ? WireType.Varint
    : WireType.LengthDelimited;
}

/** A file being counted, and the parts it may still have. */
interface Counted {
  bytes: Uint8Array;
  reader: BinaryReader;
  parts: number;
}

/**
 * Counts the parts of a message, and checks wire types and lengths: the library trusts its schema instead of the wire type of a
 * known field, and can read past the end of a packed list.
 * @throws ProtobufError
 */
function count(desc: DescMessage, file: Counted, end: number): void {
  const { reader, bytes } = file;
  const take = (parts: number): void => {
    file.parts -= parts;
    if (file.parts < 0) throw new ProtobufError(`it has more than ${mostParts} parts`);
  };
  take(1);
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = desc.fields.find((one) => one.number === number);
    take(field ? 1 : 4); // an unknown field is preserved as an object with a view
    const own = field && wireOf(field);
    if (field && wire !== own && !(field.fieldKind === 'list' && wire === WireType.LengthDelimited))
      throw new ProtobufError(`field ${number} is of another type`);
    if (wire !== WireType.LengthDelimited) {
      reader.skip(wire, number);
      continue;
    }
    const length = reader.uint32();
    const after = reader.pos + length;
    if (after > end) throw new ProtobufError(`field ${number} runs past the end`);
    if (field?.message) count(field.message, file, after);
    else if (field && own !== wire) {
      take(length >> (field.scalar === ScalarType.INT64 ? 1 : 4)); // bigints are larger
      if (own === WireType.Bit32 ? length % 4 !== 0 : length > 0 && bytes[after - 1] > 127)
        throw new ProtobufError(`a number of field ${number} runs past the end`);
    }
    reader.pos = after;
  }
  if (reader.pos !== end) throw new ProtobufError('a field runs past the end');
}

/** Reads and writes messages of one type. */
export class Codec<T extends Message> {
  readonly #desc: DescMessage;

  constructor(desc: DescMessage) {
    this.#desc = desc;
  }

  /** A message with `values`; other lists are empty, other fields absent. Nested messages may be plain objects. */
  create(values: Values<T> = {} as Values<T>): T {
    return create(this.#desc, values as Record<string, unknown>) as T;
  }

  /** @throws ProtobufError */
  decode(data: Uint8Array): T {
    return this.#try(() => {
      count(this.#desc, { bytes: data, reader: new BinaryReader(data), parts: mostParts }, data.length);
      return fromBinary(this.#desc, data) as T;
    });
  }

  /** @throws ProtobufError for values that a field cannot have */
  encode(value: T): Uint8Array {
    return this.#try(() => toBinary(this.#desc, value));
  }

  #try<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      if (error instanceof ProtobufError) throw error;
      throw new ProtobufError((error as Error).message, { cause: error });
    }
  }
}

/** Initial values of a message. */
type Values<T> = T extends Uint8Array | string | number | bigint | undefined
  ? T
  : T extends (infer E)[]
    ? Values<E>[]
    : { [K in Exclude<keyof T, keyof Message>]?: Values<T[K]> };
