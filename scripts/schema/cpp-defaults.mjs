// Defaults of the schema as constants of C++, for the engine's own structs where they are made without a spec: in tests and
// benches. One header a file of the schema, so that a default rebuilds only what knows it.
import { literal, typeOf } from './cpp-specs.mjs';
import { fieldsOf, notice } from './model.mjs';

const withDefault = (schema) => fieldsOf(schema).filter(([, field]) => field.default !== undefined);

const constants = (schema, all) => `struct ${schema.$id} {
${withDefault(schema)
  .map(([key, field]) => {
    const text = field.type === 'string';
    return `  static constexpr ${text ? 'const char*' : typeOf(field, all)} ${key} = ${literal(field, all)};\n`;
  })
  .join('')}};
`;

/** @param parts name of a file of the schema -> its objects */
export function defaultFiles(parts, { objects, unions, enums }) {
  const all = { byId: Object.fromEntries([...objects, ...unions, ...enums].map((schema) => [schema.$id, schema])) };
  return Object.fromEntries(
    Object.entries(parts).map(([name, own]) => {
      const set = own.filter((schema) => withDefault(schema).length > 0);
      const used = set.flatMap((schema) => withDefault(schema).map(([, field]) => all.byId[field.$ref]?.['x-area']));
      const areas = [...new Set(used.filter(Boolean))].sort();
      const text = `// ${notice}
#pragma once
#include <stdint.h>

${areas.map((area) => `#include "generated/${area}_enums.h"\n`).join('')}
namespace framepath::defaults {

${set.map((schema) => constants(schema, all)).join('\n')}
}  // namespace framepath::defaults
`;
      return [`native/generated/${name}_defaults.h`, text];
    }),
  );
}
