// The C++ of what crosses: structs, and their readers from JSON.
import { openPart, planFiles } from './cpp-plan.mjs';
import {
  docOf,
  fieldsOf,
  inOrder,
  isDecided,
  isEmptyWhenAbsent,
  isOpen,
  kindOf,
  mayBeNone,
  notice,
  wrapped,
} from './model.mjs';

export const quoted = JSON.stringify;
const camel = (name) => name.replace(/-(\w)/g, (_, first) => first.toUpperCase());
const isFixed = ({ minItems, maxItems }) => minItems !== undefined && minItems === maxItems;
const mostInteger = 2 ** 31 - 1;

const enumType = (schema) => `${schema['x-cpp'].includes('::') ? '' : 'framepath::'}${schema['x-cpp']}`;

export function typeOf(schema, all) {
  const kind = kindOf(schema, all);
  if (kind === 'enum') return enumType(all.byId[schema.$ref]);
  if (kind) return schema.$ref;
  if (schema.type === 'array') {
    const item = typeOf(schema.items, all);
    return isFixed(schema) ? `std::array<${item}, ${schema.minItems}>` : `std::vector<${item}>`;
  }
  if (schema.type === 'object') return `std::map<${enumType(all.byId[schema.propertyNames.$ref])}, std::string>`;
  return (
    schema['x-cpp'] ?? { integer: 'int32_t', number: 'double', string: 'std::string', boolean: 'bool' }[schema.type]
  );
}

export function literal(schema, all) {
  if (kindOf(schema, all) === 'enum') {
    const to = all.byId[schema.$ref];
    return `${enumType(to)}::${to['x-values'][schema.default].cpp ?? camel(schema.default)}`;
  }
  if (schema['x-cpp'] === 'float')
    return `${Number.isInteger(schema.default) ? `${schema.default}.0` : schema.default}f`;
  return typeof schema.default === 'string' ? quoted(schema.default) : String(schema.default);
}

/** The type of a value that somebody decides. */
export const decidedType = (schema, all) => {
  const type = typeOf(schema, all);
  return mayBeNone(schema) ? `std::optional<${type}>` : type;
};

function member(key, schema, required, all) {
  const type = typeOf(schema, all);
  const doc = docOf(schema);
  const comment = doc ? wrapped(doc, '  // ') : '';
  const decision = `Decision<${decidedType(schema, all)}>`;
  if (isOpen(schema)) return `${comment}  std::optional<${decision}> ${key};\n`;
  if (isDecided(schema, required)) {
    if (schema.default !== undefined) return `${comment}  ${decision} ${key}{${literal(schema, all)}};\n`;
    const by = schema['x-decides'] === 'source' ? 'probe' : 'byDefault';
    return `${comment}  ${decision} ${key}{{}, DecidedBy::${by}, ${quoted(schema['x-absent'])}};\n`;
  }
  if (required) return `${comment}  ${type} ${key}{};\n`;
  return `${comment}  ${schema['x-always'] || isEmptyWhenAbsent(schema) ? type : `std::optional<${type}>`} ${key};\n`;
}

const struct = (schema, all) => `// ${schema.description}.
struct ${schema.$id} {
${fieldsOf(schema)
  .map(([key, field]) => member(key, field, schema.required.includes(key), all))
  .join('')}
  static constexpr std::string_view kFields = "${fieldsOf(schema)
    .map(([key]) => key)
    .join(', ')}";
};
`;

/** The limits of a value, as arguments of take(). */
function limitsOf(schema) {
  const parts = [];
  if (schema.type === 'array') {
    if (!isFixed(schema)) parts.push(`Size{${schema.minItems ?? 0}, ${schema.maxItems ?? 'kAnySize'}}`);
    parts.push(...limitsOf(schema.items));
  }
  if (schema.type === 'integer') parts.push(`Range{${schema.minimum}, ${schema.maximum ?? mostInteger}}`);
  if (schema.type === 'number') parts.push(`Range{${schema.minimum}, ${schema.maximum ?? 'kMostNumber'}}`);
  return parts;
}

function reader(schema) {
  const isAsked = ([, field]) => !field['x-found'];
  const keys = Object.entries(schema.properties)
    .filter(isAsked)
    .map(([key]) => quoted(key));
  const lines = fieldsOf(schema)
    .filter(isAsked)
    .map(([key, field]) => {
      const call = schema.required.includes(key) ? 'required' : 'field';
      return `  ${call}(${['from', quoted(key), `to.${key}`, ...limitsOf(field)].join(', ')});\n`;
    });
  return `void take(const Value& from, schema::${schema.$id}& to) {
  only(from, {${keys.join(', ')}});
${lines.join('')}}
`;
}

const kindName = (member, by, all) => all.byId[member.$ref].properties[by].const;

const unionReader = ({ $id, oneOf, 'x-by': by }, all) => `void take(const Value& from, schema::${$id}& to) {
  static constexpr const char* kKinds[] = {${oneOf.map((member) => quoted(kindName(member, by, all))).join(', ')}};
  switch (kindOf(from, ${quoted(by)}, kKinds)) {
${oneOf.map((member, i) => `    case ${i}: return take(from, to.emplace<schema::${member.$ref}>());\n`).join('')}  }
}
`;

/** Those that only lend their fields to others are none themselves. */
const isWhole = (schema, objects) =>
  !objects.some((other) => other['x-also'].includes(schema.$id)) || schema.$id === 'ModelFacts';

export function specFiles({ objects, unions, enums }) {
  const all = { byId: Object.fromEntries([...objects, ...unions, ...enums].map((schema) => [schema.$id, schema])) };
  const order = inOrder([...objects, ...unions], all).filter((schema) => schema.oneOf || isWhole(schema, objects));
  const used = new Set([...JSON.stringify(order).matchAll(/"\$ref":"(\w+)"/g)].map(([, id]) => all.byId[id]['x-area']));
  const areas = [...used].filter(Boolean).sort();
  const structs = order.map((schema) =>
    schema.oneOf
      ? `// ${schema.description}.\nusing ${schema.$id} = std::variant<${schema.oneOf.map((member) => member.$ref).join(', ')}>;\n`
      : struct(schema, all) + openPart(schema, all),
  );
  const standard = ['array', 'cstdint', 'map', 'optional', 'string', 'string_view', 'variant', 'vector'];
  const specs = `// ${notice}
// What crosses from TypeScript, every option with who decided it. Open ones are none until complete() has closed them:
// then the spec of a run is its plan.
#pragma once
${standard.map((name) => `#include <${name}>\n`).join('')}
#include "core/decision.h"
${areas.map((area) => `#include "generated/${area}_enums.h"\n`).join('')}
namespace framepath::schema {

${structs.join('\n')}
}  // namespace framepath::schema
`;
  const readable = order.filter((schema) => !schema['x-plan-only']);
  const declarations = readable.map((schema) => `void take(const Value& from, schema::${schema.$id}& to);\n`).join('');
  const readerHeader = `// ${notice}
#pragma once
#include "binding/json_reader.h"
#include "generated/specs.h"

namespace framepath::binding {

// Each throws INVALID_ARGUMENT for whatever does not fit, unknown keys too, and names it.
${declarations}
}  // namespace framepath::binding
`;
  const bodies = readable.map((schema) => (schema.oneOf ? unionReader(schema, all) : reader(schema)));
  const readerSource = `// ${notice}
#include "generated/read_specs.h"

namespace framepath::binding {

${bodies.join('\n')}
}  // namespace framepath::binding
`;
  return {
    'native/generated/specs.h': specs,
    'native/generated/read_specs.h': readerHeader,
    'native/generated/read_specs.cc': readerSource,
    ...planFiles(order, all),
  };
}
