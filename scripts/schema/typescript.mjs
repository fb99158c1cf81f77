// The TypeScript of the schema: enums with their names, specs, the rules of what callers set, the table of errors.
import { shapesSource } from './messages.mjs';
import { docOf, isSet, kindOf, lowerFirst, notice, ownFields, quoted, refsOf, wrapped } from './model.mjs';
import { planModule } from './typescript-plan.mjs';

export const module = (doc, parts) => `/** ${doc} ${notice} */\n\n${parts.join('\n')}`;

/** A TSDoc comment. */
export function comment(text, indent = '') {
  const line = `${indent}/** ${text} */`;
  return line.length <= 120 ? `${line}\n` : `${indent}/**\n${wrapped(text, `${indent} * `)}${indent} */\n`;
}

const union = (names) => names.map(quoted).join(' | ');

/** What an enum and its values mean, in a sentence. */
function meaning({ description, 'x-values': values, enum: all }) {
  const known = all.filter((name) => values[name].doc);
  return `${description}${known.length > 0 ? `: ${known.map((name) => `\`'${name}'\` ${values[name].doc}`).join('; ')}` : ''}.`;
}

function enumeration(schema) {
  const { $id, enum: all } = schema;
  return `${comment(meaning(schema))}export type ${$id} = ${union(all)};

/** The names of {@link ${$id}}. @internal */
export const ${lowerFirst($id)}Names = [${all.map(quoted).join(', ')}] as const;
`;
}

const numbers = (schema) => `${comment(meaning(schema))}export const ${lowerFirst(schema.$id)} = {
${schema.enum.map((name, i) => `  ${name}: ${i},\n`).join('')}} as const;
`;

const columns = ({ $id, description, columns: all }) => {
  const names = Object.keys(all);
  const lines = names.map((name, i) => `${all[name] ? comment(all[name], '  ') : ''}  ${name}: ${i},\n`);
  return `${comment(`${description}.`)}export const ${lowerFirst($id)} = {\n${lines.join('')}  size: ${names.length},\n} as const;\n`;
};

const errorTable = (errors) => `/** Every code a {@link FramepathError} can carry, with what it means. */
export const errorCodes = {
${Object.entries(errors)
  .map(([code, { means }]) => `  ${code}: ${quoted(means)},\n`)
  .join('')}} as const;

/** A stable error code, see {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** What to do next where whoever throws knows nothing better. */
export const usualHints: Partial<Record<ErrorCode, string>> = {
${Object.entries(errors)
  .flatMap(([code, { hint }]) => (hint ? [`  ${code}: ${quoted(hint)},\n`] : []))
  .join('')}};
`;

export const typeOf = (schema) => `${plainType(schema)}${schema['x-nullable'] ? ' | null' : ''}`;

function plainType(schema) {
  if (schema['x-ts']) return schema['x-ts'];
  if (schema.$ref) return schema.$ref;
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum) return union(schema.enum);
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' | ');
  if (schema.type === 'array') return listType(schema);
  if (schema.type === 'object') {
    const { propertyNames: keys, additionalProperties: values } = schema;
    return keys ? `Partial<Record<${keys.$ref}, ${typeOf(values)}>>` : `Record<string, ${typeOf(values)}>`;
  }
  return { integer: 'number', number: 'number', string: 'string', boolean: 'boolean' }[schema.type] ?? 'unknown';
}

function listType({ items, prefixItems, minItems: min, maxItems: max, 'x-names': names }) {
  const kinds = prefixItems ?? (min !== undefined && min === max && Array(min).fill(items));
  if (kinds) return `[${kinds.map((kind, i) => `${names ? `${names[i]}: ` : ''}${typeOf(kind)}`).join(', ')}]`;
  const item = typeOf(items);
  return item.includes(' ') && !/^[[{]/.test(item) ? `(${item})[]` : `${item}[]`;
}

function objectType(schema, all) {
  const { $id, description, required, 'x-also': also } = schema;
  const asked = ownFields(schema, all).filter(([, field]) => !field['x-found']);
  const fields = asked.map(([key, field]) => {
    const doc = docOf(field);
    const name = field['x-rest'] ? `[${key.replace(/s$/, '')}: string]` : `${key}${required.includes(key) ? '' : '?'}`;
    return `${doc ? comment(doc, '  ') : ''}  ${name}: ${field['x-rest'] ? typeOf(field.additionalProperties) : typeOf(field)};\n`;
  });
  const parents = also.length > 0 ? ` extends ${also.join(', ')}` : '';
  return `${comment(`${description}.`)}export interface ${$id}${parents} {\n${fields.join('')}}\n`;
}

const aliasType = (schema) => `${comment(`${schema.description}.`)}export type ${schema.$id} = ${typeOf(schema)};\n`;

const unionType = ({ $id, description, oneOf, 'x-by': by }) =>
  `${comment(`${description}, by \`${by}\`.`)}export type ${$id} = ${oneOf.map((member) => member.$ref).join(' | ')};\n`;

function rule(schema, all) {
  if (kindOf(schema, all) === 'enum') return `oneOf(...${lowerFirst(schema.$ref)}Names)`;
  const called = (name, ...parts) => `${name}(${parts.filter((part) => part !== undefined).join(', ')})`;
  const { type, minimum, maximum, minItems, maxItems } = schema;
  if (type === 'array') return called('list', rule(schema.items, all), maxItems ? (minItems ?? 0) : minItems, maxItems);
  if (type === 'integer' || type === 'number') return called(type, minimum, maximum);
  return { string: 'text', boolean: 'flag' }[type];
}

const rulesOf = (schema, all) => `export const ${lowerFirst(schema.$id)}Rules = {
${Object.entries(schema.properties)
  .map(([key, field]) => `  ${key}: ${rule(field, all)},\n`)
  .join('')}};
`;

/** Values of options that a caller leaves out. */
const defaultsOf = (schema) => `export const ${lowerFirst(schema.$id)}Defaults = {
${Object.entries(schema.properties)
  .filter(([, field]) => field.default !== undefined)
  .map(([key, { default: value }]) => `  ${key}: ${typeof value === 'string' ? quoted(value) : value},\n`)
  .join('')}} as const;
`;

export const imports = (names, from, types) =>
  `import ${types ? 'type ' : ''}{ ${[...new Set(names)].sort().join(', ')} } from '${from}';\n`;

function specsModule({ objects: every, unions, enums }) {
  const objects = every.filter((schema) => !schema['x-plan-only']);
  const types = [...objects, ...unions].flatMap((schema) => JSON.stringify(schema).match(/"\$ref":"\w+"/g) ?? []);
  const used = new Set(types.map((text) => text.slice(8, -1)));
  return module('What crosses from TypeScript to the native side.', [
    imports(
      enums.map(({ $id }) => $id).filter((id) => used.has(id)),
      './enums.js',
      true,
    ),
    ...objects.map((schema) => objectType(schema, all(objects, enums, unions))),
    ...unions.map(unionType),
  ]);
}

function resultsModule({ results, aliases, enums, flags }) {
  const used = new Set(refsOf([results, aliases]));
  const known = all(results, aliases, enums, flags);
  const names = [...enums, ...flags].map(({ $id }) => $id).filter((id) => used.has(id));
  return module('What crosses from the native side, and what files and programs get of it.', [
    `${used.has('ErrorCode') ? imports(['ErrorCode'], './errors.js', true) : ''}${imports(
      names.filter((name) => name !== 'ErrorCode'),
      './enums.js',
      true,
    )}`,
    ...aliases.map(aliasType),
    ...results.map((schema) => objectType(schema, known)),
  ]);
}

function messagesModule({ messages, parts, toHost, fromHost, mostMessageBytes, imports: from }) {
  const known = all(messages, parts);
  return module('Messages between a run and the hosts of its analyzers.', [
    Object.entries(from)
      .map(([path, names]) => imports(names, path, true))
      .join(''),
    ...[...parts, ...messages].map((schema) => objectType(schema, known)),
    unionType(toHost),
    unionType(fromHost),
    `/** A field: its type and range; \`fields\` of an object that is checked. */
export interface Shape {
  type: string;
  min?: number;
  max?: number;
  optional?: boolean;
  fields?: Readonly<Record<string, Shape>>;
}
`,
    `/** Longest message, as bytes of a pipe. */\nexport const mostMessageBytes = ${mostMessageBytes};\n`,
    shapesSource('fromHostShapes', fromHost, messages, parts),
  ]);
}

const all = (...lists) => ({ byId: Object.fromEntries(lists.flat().map((schema) => [schema.$id, schema])) });

function rulesModule({ objects, unions, enums }) {
  const known = all(objects, enums, unions);
  const set = objects.filter((schema) => isSet(schema, known));
  const bodies = set.map((schema) => rulesOf(schema, known));
  const text = bodies.join('\n');
  return module('Rules and defaults of what callers set.', [
    imports(text.match(/\b\w+Names\b/g), './enums.js') +
      imports(text.match(/\b(flag|integer|list|number|oneOf|text)\b(?!:)/g), '../validate.js'),
    ...bodies,
    ...set.filter(({ properties }) => Object.values(properties).some((field) => 'default' in field)).map(defaultsOf),
  ]);
}

export const typescriptFiles = ({
  hosts,
  enums,
  numbered,
  flags,
  rows,
  errors,
  objects,
  unions,
  results,
  aliases,
}) => ({
  'src/generated/messages.ts': messagesModule(hosts),
  'src/generated/enums.ts': module('Names that TypeScript and C++ share.', [...enums, ...flags].map(enumeration)),
  'src/generated/packed.ts': module('Numbers in packed results, and where they are in a row.', [
    ...numbered.map(numbers),
    ...rows.map(columns),
  ]),
  'src/generated/specs.ts': specsModule({ objects, unions, enums }),
  'src/generated/plan.ts': planModule({ objects, unions, enums }),
  'src/generated/results.ts': resultsModule({ results, aliases, enums, flags }),
  'src/generated/rules.ts': rulesModule({ objects, unions, enums }),
  'src/generated/errors.ts': module('The closed table of error codes.', [errorTable(errors)]),
});
