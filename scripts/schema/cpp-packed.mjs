// The C++ of packed rows: structs of numbers without defaults, so that a column that is forgotten does not compile.
import { notice } from './model.mjs';

function struct({ $id, description, columns }) {
  const names = Object.keys(columns);
  const members = names.map((name) => {
    const doc = columns[name];
    return `  Required<double> ${name};${doc ? `  // ${doc}` : ''}\n`;
  });
  return `// ${description}.
struct ${$id} {
${members.join('')}
  static constexpr size_t kSize = ${names.length};
};
`;
}

export const packedFiles = ({ rows }) => ({
  'native/generated/packed.h': `// ${notice}
#pragma once
#include <cstddef>

#include "binding/required.h"

namespace framepath::schema {

using binding::Required;

${rows.map(struct).join('\n')}
}  // namespace framepath::schema
`,
});
