// What the generators ask about a schema.
export const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
export const lowerFirst = (id) => id[0].toLowerCase() + id.slice(1);
export const notice = 'Generated from schema/ by scripts/schema; not to be edited.';

/** Whether a schema refers to an enum, an object, a union or another type with a name. */
export const kindOf = (schema, { byId }) => {
  const to = byId[schema.$ref];
  return to && (to['x-alias'] ? 'alias' : to.enum ? 'enum' : to.oneOf ? 'union' : 'object');
};

/** Whether a field is open until the engine or a probe has decided it. */
export const isOpen = ({ 'x-decides': by }) => by !== undefined && by !== 'source';

/** Whether the plan has who decided a field, and why; what must be there was given by somebody. */
export const isDecided = (schema, required) =>
  isOpen(schema) || (!required && (schema.default !== undefined || schema['x-absent'] !== undefined));

/** All but the constant `kind`. */
export const fieldsOf = ({ properties }) =>
  Object.entries(properties).filter(([, schema]) => schema.const === undefined);

export const isPlanned = ([, field]) => field['x-plan'] !== false;

/** Objects and unions that the plan of a run has. */
export function plannedOf(all) {
  const found = new Set();
  const visit = (schema) => {
    if (!schema || schema.enum || found.has(schema)) return;
    found.add(schema);
    if (schema.oneOf) return schema.oneOf.forEach(({ $ref }) => visit(all.byId[$ref]));
    for (const [, field] of fieldsOf(schema).filter(isPlanned)) visit(all.byId[(field.items ?? field).$ref]);
  };
  visit(all.byId.PipelineSpec);
  return found;
}

/** Whether a field that is left out is empty, and not another thing than that. */
export const isEmptyWhenAbsent = (schema) =>
  (schema.type === 'string' && !schema['x-presence']) ||
  schema.type === 'object' ||
  (schema.type === 'array' && !(schema.minItems !== undefined && schema.minItems === schema.maxItems));

/** Whether a decided value may be none. */
export const mayBeNone = (schema) => schema['x-absent'] !== undefined && !isOpen(schema) && !isEmptyWhenAbsent(schema);

/** The names that a schema refers to. */
export const refsOf = (schema) => [...JSON.stringify(schema).matchAll(/"\$ref":"(\w+)"/g)].map(([, id]) => id);

/** `roots` and everything that they have, each after what it has; of fields those that `wanted` has. */
export function inOrder(roots, { byId }, wanted = () => true) {
  const done = new Set();
  const order = [];
  const visit = (schema) => {
    if (done.has(schema.$id)) return;
    done.add(schema.$id);
    const { properties = {}, ...rest } = schema;
    for (const id of refsOf([Object.values(properties).filter(wanted), rest])) if (!byId[id].enum) visit(byId[id]);
    order.push(schema);
  };
  roots.forEach(visit);
  return order;
}

/** A field's text: what it is, and what is when it is left out. */
export function docOf(schema) {
  const { description = '', default: value, 'x-unit': unit, 'x-absent': absent } = schema;
  const text = description.replace(/\s+/g, ' ').trim();
  const without = value !== undefined ? inCode(value) : absent;
  const sentences = /\. /.test(text);
  const otherwise = without && `${sentences ? 'Default' : 'default'} ${without}`;
  return [[text, unit].filter(Boolean).join(', in '), otherwise].filter(Boolean).join(sentences ? '. ' : '; ');
}

const inCode = (value) => (typeof value === 'string' ? `\`'${value}'\`` : String(value));

/** The fields of an object that it does not have from others. */
export function ownFields({ properties, 'x-also': also }, { byId }) {
  const inherited = new Set(also.flatMap((id) => Object.keys(byId[id].properties)));
  return Object.entries(properties).filter(([key]) => !inherited.has(key));
}

/** What callers set: nothing that must be there, no other object in it. Such objects have rules. */
export const isSet = ({ required, properties, 'x-also': also }, all) =>
  required.length === 0 &&
  also.length === 0 &&
  Object.values(properties).every((field) => kindOf(field, all) !== 'object' && field.type !== 'object');

/** Words in lines of at most 120 characters, each after `before`. */
export function wrapped(text, before) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && before.length + line.length + word.length >= 120) {
      lines.push(line);
      line = '';
    }
    line += (line && ' ') + word;
  }
  return [...lines, line].map((each) => `${before}${each}\n`).join('');
}
