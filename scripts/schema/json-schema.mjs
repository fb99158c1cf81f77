// JSON Schemas (2020-12) of what programs and files get: schemas/NAME.json.
import { planSchemas } from './json-plan.mjs';
import { inOrder, refsOf } from './model.mjs';

/** What is ours alone, or has become a keyword. */
const dropped = /^(x-(?!unit$)|\$id$)/;
const clean = (text) =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\{@link (\w+)\}/g, '$1')
    .trim();

/** A schema of ours in keywords of the standard. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== 'object' || schema === null) return typeof schema === 'string' ? clean(schema) : schema;
  if (schema['x-nullable']) {
    const { 'x-nullable': _, description, ...rest } = schema;
    return { ...(description && { description: clean(description) }), anyOf: [plain(rest), { type: 'null' }] };
  }
  if (schema.$ref) return { ...plain({ ...schema, $ref: undefined }), $ref: `#/$defs/${schema.$ref}` };
  const entries = Object.entries(schema).filter(([key, value]) => !dropped.test(key) && value !== undefined);
  const found = Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]));
  const rest = Object.entries(schema.properties ?? {}).find(([, field]) => field['x-rest']);
  if (!rest) return found;
  const [name, { additionalProperties }] = rest;
  const { [name]: _, ...properties } = found.properties;
  const required = found.required.filter((key) => key !== name);
  return { ...found, properties, required, additionalProperties: plain(additionalProperties) };
}

/** Without the fields that only the plan has: nobody sends them. */
function asked(schema) {
  const isSent = ([, field]) => !field['x-found'];
  return schema.properties
    ? { ...schema, properties: Object.fromEntries(Object.entries(schema.properties).filter(isSent)) }
    : schema;
}

/** With the plan as it is in JSON, where TypeScript has a type for it. */
function withPlan(schema) {
  const plan = schema.properties?.plan;
  if (!plan) return schema;
  const { description } = plan;
  return { ...schema, properties: { ...schema.properties, plan: { $ref: 'Plan', description, 'x-nullable': true } } };
}

export function jsonSchemas({ documents, enums, flags, objects, unions, results, aliases, lines, named }) {
  const own = [...objects, ...unions];
  const ofPlan = planSchemas({ byId: Object.fromEntries([...own, ...enums].map((one) => [one.$id, one])) });
  const known = [...[...own, ...results, ...aliases, ...lines].map(asked), ...ofPlan];
  const byId = { ...named, ...Object.fromEntries([...known, ...enums, ...flags].map((one) => [one.$id, one])) };
  const files = Object.entries(documents).map(([name, { schema: root, also = [] }]) => {
    const schema = withPlan(root);
    const parts = inOrder([schema, ...also], { byId }).filter((one) => one !== schema);
    const names = new Set(refsOf([schema, ...parts]).filter((id) => byId[id].enum));
    const defs = [...parts, ...[...names].map((id) => byId[id])].map((one) => [one.$id, plain(one)]);
    const document = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:framepath:${name}`,
      title: schema.$id,
      ...plain(schema),
      ...(defs.length > 0 && { $defs: Object.fromEntries(defs) }),
    };
    return [`schemas/${name}.json`, `${JSON.stringify(document, null, 2)}\n`];
  });
  return Object.fromEntries(files);
}
