// The C++ of the schema: enums with their names, one header an area so that a new value rebuilds what knows it only.
import { notice } from './model.mjs';

const camel = (name) => name.replace(/-(\w)/g, (_, first) => first.toUpperCase());
const identifier = (schema, name) => schema['x-values'][name].cpp ?? camel(name);

/** `compose::Fit` -> ['framepath::compose', 'Fit'] */
export function splitName(cpp) {
  const at = cpp.lastIndexOf('::');
  return at < 0 ? ['framepath', cpp] : [`framepath::${cpp.slice(0, at)}`, cpp.slice(at + 2)];
}

const header = (includes, body) => `// ${notice}
#pragma once
${includes.map((name) => `#include ${name}\n`).join('')}
${body}`;

function enumeration(schema, numberOf) {
  const [namespace, name] = splitName(schema['x-cpp']);
  const values = schema.enum.map((value, i) => {
    const { doc } = schema['x-values'][value];
    return `  ${identifier(schema, value)}${numberOf ? ` = ${numberOf(i)}` : ''},${doc ? `  // ${doc}` : ''}\n`;
  });
  return `namespace ${namespace} {
// ${schema.description}.
enum ${numberOf ? '' : 'class '}${name} : uint8_t {
${values.join('')}};
}  // namespace ${namespace}
`;
}

const tableOfNames = (schema) => `template <>
struct EnumNames<${schema['x-cpp']}> {
  static constexpr const char* values[] = {${schema.enum.map((name) => `"${name}"`).join(', ')}};
};
`;

/** No STL: kernels include what `core` has. The names are read through core/enum_names.h. */
const areaHeader = (enums, flags) =>
  header(
    ['<stdint.h>'],
    `${enums.map((schema) => enumeration(schema)).join('\n')}${flags.map((schema) => `\n${enumeration(schema, (i) => 1 << i)}`).join('')}
namespace framepath {

template <typename E>
struct EnumNames;

${enums.map(tableOfNames).join('\n')}
}  // namespace framepath
`,
  );

const errorHeader = (errors) =>
  header(
    ['<stdint.h>'],
    `namespace framepath {

enum class ErrorCode : uint8_t {
${Object.entries(errors)
  .map(([code, { means }]) => `  ${code},  // ${means}\n`)
  .join('')}};

template <typename E>
struct EnumNames;

template <>
struct EnumNames<ErrorCode> {
  static constexpr const char* values[] = {
${Object.keys(errors)
  .map((code) => `    "${code}",\n`)
  .join('')}  };
};

}  // namespace framepath
`,
  );

export function cppFiles({ enums, numbered, flags, errors }) {
  const native = [...enums, ...numbered, ...flags].filter((schema) => schema['x-cpp']);
  const areas = [...new Set(native.map((schema) => schema['x-area']))];
  const inArea = (list, area) => list.filter((schema) => schema['x-area'] === area);
  const headers = areas.map((area) => [
    `native/generated/${area}_enums.h`,
    areaHeader(inArea([...enums, ...numbered], area), inArea(flags, area)),
  ]);
  return { ...Object.fromEntries(headers), 'native/generated/error_codes.h': errorHeader(errors) };
}
