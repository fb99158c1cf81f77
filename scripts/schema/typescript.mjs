// The TypeScript of the schema: enums with their names, specs, the rules of what callers set, the table of errors.

import { docOf, isSet, kindOf, lowerFirst, notice, ownFields, quoted, wrapped } from './model.mjs';
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

export function typeOf(schema) {
  if (schema.$ref) return schema.$ref;
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.type === 'array') {
    const item = typeOf(schema.items);
    const { minItems: min, maxItems: max } = schema;
    return min !== undefined && min === max ? `[${Array(min).fill(item).join(', ')}]` : `${item}[]`;
  }
  if (schema.type === 'object') return `Partial<Record<${schema.propertyNames.$ref}, string>>`;
  return { integer: 'number', number: 'number', string: 'string', boolean: 'boolean' }[schema.type];
}

function objectType(schema, all) {
  const { $id, description, required, 'x-also': also } = schema;
  const asked = ownFields(schema, all).filter(([, field]) => !field['x-found']);
  const fields = asked.map(([key, field]) => {
    const doc = docOf(field);
    return `${doc ? comment(doc, '  ') : ''}  ${key}${required.includes(key) ? '' : '?'}: ${typeOf(field)};\n`;
  });
  const parents = also.length > 0 ? ` extends ${also.join(', ')}` : '';
  return `${comment(`${description}.`)}export interface ${$id}${parents} {\n${fields.join('')}}\n`;
}

const unionType = ({ $id, description, oneOf }) =>
  `${comment(`${description}, by \`kind\`.`)}export type ${$id} = ${oneOf.map((member) => member.$ref).join(' | ')};\n`;

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

/** What is where a caller says nothing. */
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

export const typescriptFiles = ({ enums, numbered, flags, errors, objects, unions }) => ({
  'src/generated/enums.ts': module('Names that TypeScript and C++ share.', [...enums, ...flags].map(enumeration)),
  'src/generated/packed.ts': module('Numbers in packed results.', numbered.map(numbers)),
  'src/generated/specs.ts': specsModule({ objects, unions, enums }),
  'src/generated/plan.ts': planModule({ objects, unions, enums }),
  'src/generated/rules.ts': rulesModule({ objects, unions, enums }),
  'src/generated/errors.ts': module('The closed table of error codes.', [errorTable(errors)]),
});
