// The C++ of what comes out: structs without defaults, so that a field that is forgotten does not compile, and their writers.
import { docOf, inOrder, kindOf, notice, refsOf, wrapped } from './model.mjs';

const quoted = JSON.stringify;
const enumType = ({ 'x-cpp': cpp }) => `${cpp.includes('::') ? '' : 'framepath::'}${cpp}`;
const isFixed = ({ minItems, maxItems }) => minItems !== undefined && minItems === maxItems;

function typeOf(schema, all) {
  const type = plainType(schema, all);
  return schema['x-nullable'] ? `std::optional<${type}>` : type;
}

function plainType(schema, all) {
  const kind = kindOf(schema, all);
  if (kind === 'enum') return enumType(all.byId[schema.$ref]);
  if (kind) return schema.$ref;
  if (schema.anyOf) return `std::variant<${schema.anyOf.map((one) => typeOf(one, all)).join(', ')}>`;
  if (schema.prefixItems) return `std::tuple<${schema.prefixItems.map((one) => typeOf(one, all)).join(', ')}>`;
  if (schema.type === 'array') {
    const item = typeOf(schema.items, all);
    return isFixed(schema) ? `std::array<${item}, ${schema.minItems}>` : `std::vector<${item}>`;
  }
  if (schema.type === 'object') return `std::map<std::string, ${typeOf(schema.additionalProperties, all)}>`;
  const usual = { integer: 'int32_t', number: 'double', string: 'std::string', boolean: 'bool' };
  return schema['x-cpp'] ?? usual[schema.type];
}

/** Fields that are written natively. */
export const isNative = (field) => field['x-side'] !== 'javascript';
const fieldsOf = ({ properties }) => Object.entries(properties).filter(([, field]) => isNative(field));

function struct(schema, all) {
  if (schema['x-alias']) return `// ${schema.description}.\nusing ${schema.$id} = ${typeOf(schema, all)};\n`;
  const members = fieldsOf(schema).map(([key, field]) => {
    const type = typeOf(field, all);
    const doc = docOf(field);
    const optional = schema.required.includes(key) ? type : `std::optional<${type}>`;
    return `${doc ? wrapped(doc, '  // ') : ''}  Required<${optional}> ${key};\n`;
  });
  return `${wrapped(`${schema.description.replace(/\s+/g, ' ')}.`, '// ')}struct ${schema.$id} {\n${members.join('')}};\n`;
}

/** To how many decimals the numbers in a field are rounded. */
function decimalsOf(schema, all) {
  if (schema['x-decimals'] !== undefined) return schema['x-decimals'];
  if (kindOf(schema, all) === 'alias') return decimalsOf(all.byId[schema.$ref], all);
  return schema.items ? decimalsOf(schema.items, all) : undefined;
}

function writer(schema, all) {
  const lines = fieldsOf(schema).map(([key, field]) => {
    const decimals = decimalsOf(field, all);
    const rounded = decimals === undefined ? '' : `, Decimals{${decimals}}`;
    if (field['x-rest']) return `  putEntries(to, from.${key}.value);\n`;
    const call = schema.required.includes(key) ? 'putField' : 'putOptional';
    return `  ${call}(to, ${quoted(key)}, from.${key}.value${rounded});\n`;
  });
  return `void put(JsonWriter& to, const schema::${schema.$id}& from) {
  to.open('{');
${lines.join('')}  to.close('}');
}
`;
}

export function resultFiles({ crossing, results, aliases, named }) {
  const all = { byId: { ...named, ...Object.fromEntries([...results, ...aliases].map((one) => [one.$id, one])) } };
  const order = inOrder(crossing, all, isNative);
  const fields = order.flatMap((schema) => (schema['x-alias'] ? [] : fieldsOf(schema).map(([, field]) => field)));
  const enums = [...new Set(refsOf(fields))].map((id) => all.byId[id]).filter((one) => one['x-cpp'] && one.enum);
  const headers = [
    ...new Set(enums.map(({ $id, 'x-area': area }) => ($id === 'ErrorCode' ? 'error_codes' : `${area}_enums`))),
  ].sort();
  const objects = order.filter((schema) => !schema['x-alias']);
  const standard = ['array', 'cstdint', 'map', 'optional', 'string', 'tuple', 'variant', 'vector'];
  return {
    'native/generated/write_results.h': `// ${notice}
// What crosses to TypeScript, and its writers.
#pragma once
${standard.map((name) => `#include <${name}>\n`).join('')}
#include "binding/json_writer.h"
${headers.map((name) => `#include "generated/${name}.h"\n`).join('')}
namespace framepath::schema {

using binding::Required;

${order.map((schema) => struct(schema, all)).join('\n')}
}  // namespace framepath::schema

namespace framepath::binding {

${objects.map(({ $id }) => `void put(JsonWriter& to, const schema::${$id}& from);\n`).join('')}
}  // namespace framepath::binding
`,
    'native/generated/write_results.cc': `// ${notice}
#include "generated/write_results.h"

namespace framepath::binding {

${objects.map((schema) => writer(schema, all)).join('\n')}
}  // namespace framepath::binding
`,
  };
}
