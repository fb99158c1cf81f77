// Messages of hosts: the shapes by which TypeScript checks them, and the definitions of the Python host.
import { notice } from './model.mjs';

const fieldsOf = ({ properties }) => Object.entries(properties).filter(([, field]) => field.const === undefined);
const kindOf = ({ properties }) => properties.kind.const;
const membersOf = ({ oneOf }, all) => oneOf.map(({ $ref }) => all.find(({ $id }) => $id === $ref));

/** What a value has to be: of plain values type and range, of the parts of messages their fields. */
function shapeOf(schema, required, known) {
  const to = known[schema.$ref];
  const { type, minimum: min, maximum: max } = schema;
  return {
    type: schema.$ref ? 'object' : (type ?? 'any'),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(!required && { optional: true }),
    ...(to && !to['x-checked'] && { fields: shapesOf(to, known) }),
  };
}
const shapesOf = (schema, known) =>
  Object.fromEntries(
    fieldsOf(schema).map(([key, field]) => [key, shapeOf(field, schema.required.includes(key), known)]),
  );

/** By kind, as source of TypeScript. */
export function shapesSource(id, union, messages, parts) {
  const known = Object.fromEntries(parts.map((part) => [part.$id, part]));
  const shapes = membersOf(union, messages).map((one) => [kindOf(one), shapesOf(one, known)]);
  return `/** What the fields of each message are, see {@link Shape}. */
export const ${id}: Record<${union.$id}['kind'], Readonly<Record<string, Shape>>> = ${JSON.stringify(Object.fromEntries(shapes), null, 2)};
`;
}

/** A function that makes the message: Python refuses a field that is missing or unknown. */
function maker(schema) {
  const fields = fieldsOf(schema).map(([key]) => key);
  const needed = fields.filter((key) => schema.required.includes(key));
  const others = fields.filter((key) => !schema.required.includes(key));
  const kind = kindOf(schema);
  const name = kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const parameters = ['*', ...needed, ...others.map((key) => `${key}=None`)].join(', ');
  const entries = fields.map((key) => `"${key}": ${key}`);
  return `def ${name}(${parameters}):
    """${schema.description}."""
    return {${[`"kind": "${kind}"`, ...entries].join(', ')}}
`;
}

const row = ({ $id, description, columns }) =>
  `# ${description}.\n${$id} = namedtuple("${$id}", ${JSON.stringify(Object.keys(columns)).replaceAll(',', ', ')})\n`;

export function pythonFile({ toHost, fromHost, messages, rows, named, mostMessageBytes }) {
  const kinds = (union) =>
    `(${membersOf(union, messages)
      .map((one) => `"${kindOf(one)}", `)
      .join('')
      .trimEnd()})`;
  const used = rows.filter(({ $id }) => ['SlotRow', 'PictureRow', 'WindowRow'].includes($id));
  return {
    'python/framepath/messages.py': `"""Messages between framepath and a host, and the rows of numbers that place pixels.

${notice}
"""

from collections import namedtuple

# Longest message, as bytes of a pipe: framepath ends a host that writes more.
MOST_MESSAGE_BYTES = ${mostMessageBytes}

# Kinds of messages that framepath sends.
TO_HOST = ${kinds(toHost)}

# Formats of pixels, one byte a sample.
INPUT_FORMATS = (${named.InputFormat.enum.map((name) => `"${name}"`).join(', ')})

${used.map(row).join('\n')}

${membersOf(fromHost, messages).map(maker).join('\n\n')}`,
  };
}
