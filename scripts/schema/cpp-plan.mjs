// The C++ of the plan: what only the engine or a probe can decide of a spec, and a spec as JSON with who decided each option.
import { decidedType, quoted, typeOf } from './cpp-specs.mjs';
import { fieldsOf, isOpen, isPlanned, notice, plannedOf } from './model.mjs';

export const openName = (id) => `${id.replace(/Spec$/, '')}Open`;

/** Fields that somebody has to fill in before the spec is a plan. */
const openFields = (schema) =>
  fieldsOf(schema).filter(([, field]) => isOpen(field) || (field['x-found'] && !field['x-always']));

/** The struct of what is open, and what fills it in. */
export function openPart(schema, all) {
  const open = openFields(schema);
  if (open.length === 0) return '';
  const members = open.map(([key, field]) =>
    isOpen(field) ? `  Decision<${decidedType(field, all)}> ${key};\n` : `  ${typeOf(field, all)} ${key};\n`,
  );
  const moves = open.map(([key, field]) =>
    isOpen(field) ? `  fillIn(plan.${key}, std::move(open.${key}));\n` : `  plan.${key} = std::move(open.${key});\n`,
  );
  return `
// What is decided of it where nobody has. One that is left out does not compile.
struct ${openName(schema.$id)} {
${members.join('')}};

inline void complete(${schema.$id}& plan, ${openName(schema.$id)} open) {
${moves.join('')}}
`;
}

function writer(schema) {
  const kind = schema.properties.kind?.const;
  const lines = fieldsOf(schema)
    .filter(isPlanned)
    .map(([key]) => `  putPlanned(to, ${quoted(key)}, plan.${key});\n`);
  return `void put(JsonWriter& to, const schema::${schema.$id}& plan) {
  to.open('{');
${kind ? `  putField(to, "kind", std::string(${quoted(kind)}));\n` : ''}${lines.join('')}  to.close('}');
}
`;
}

export function planFiles(order, all) {
  const used = plannedOf(all);
  const written = order.filter((schema) => used.has(schema) && !schema.oneOf);
  const declarations = written.map(({ $id }) => `void put(JsonWriter& to, const schema::${$id}& plan);\n`);
  return {
    'native/generated/write_plan.h': `// ${notice}
#pragma once
#include "binding/plan_json.h"
#include "generated/specs.h"

namespace framepath::binding {

${declarations.join('')}
}  // namespace framepath::binding
`,
    'native/generated/write_plan.cc': `// ${notice}
#include "generated/write_plan.h"

namespace framepath::binding {

${written.map(writer).join('\n')}
}  // namespace framepath::binding
`,
  };
}
