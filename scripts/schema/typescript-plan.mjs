// The TypeScript of the plan: specs as the native side gives them back, every option with who decided it.
import { docOf, fieldsOf, isDecided, isEmptyWhenAbsent, isOpen, isPlanned, mayBeNone, plannedOf } from './model.mjs';
import { comment, imports, module, typeOf } from './typescript.mjs';

export const planName = (id) => (id === 'PipelineSpec' ? 'Plan' : `${id.replace(/Spec$/, '')}Plan`);

function planType(schema, all) {
  const to = (schema.items ?? schema).$ref;
  const type = typeOf(schema);
  return to && !all.byId[to].enum ? type.replace(to, planName(to)) : type;
}

function fieldType(schema, required, all) {
  const type = planType(schema, all);
  if (!isDecided(schema, required)) return type;
  return `Decision<${mayBeNone(schema) ? `${type} | null` : type}>`;
}

/** What is always there: what a probe of a model finds is not where none is opened. */
export function isThere(schema, required) {
  if (isOpen(schema)) return schema['x-decides'] === 'engine';
  return required || isDecided(schema) || Boolean(schema['x-always']) || (!schema.$ref && isEmptyWhenAbsent(schema));
}

function planObject(schema, all) {
  const { properties, required, $id, description } = schema;
  const kind = properties.kind?.const;
  const fields = fieldsOf(schema)
    .filter(isPlanned)
    .map(([key, field]) => {
      const must = required.includes(key);
      const doc = docOf(field);
      return `${doc ? comment(doc, '  ') : ''}  ${key}${isThere(field, must) ? '' : '?'}: ${fieldType(field, must, all)};\n`;
    });
  return `${comment(`${description}, as decided.`)}export interface ${planName($id)} {
${kind ? `  kind: '${kind}';\n` : ''}${fields.join('')}}
`;
}

const planUnion = ({ $id, description, oneOf }) =>
  `${comment(`${description}, as decided, by \`kind\`.`)}export type ${planName($id)} = ${oneOf.map(({ $ref }) => planName($ref)).join(' | ')};
`;

export function planModule({ objects, unions, enums }) {
  const all = { byId: Object.fromEntries([...objects, ...unions, ...enums].map((schema) => [schema.$id, schema])) };
  const used = plannedOf(all);
  const bodies = [...objects, ...unions]
    .filter((schema) => used.has(schema))
    .map((schema) => (schema.oneOf ? planUnion(schema) : planObject(schema, all)));
  const text = bodies.join('\n');
  const names = enums.map(({ $id }) => $id).filter((id) => new RegExp(`\\b${id}\\b`).test(text));
  return module('The plan of a run.', [
    imports([...names, 'DecidedBy'], './enums.js', true),
    `/** A value of a plan: who decided it, and why. */
export interface Decision<T> {
  value: T;
  by: DecidedBy;
  /** for people: \`4 cores\`, \`framepath.config.mjs (production)\`, \`FRAMEPATH_DEVICE\`, \`default\` */
  why: string;
}
`,
    ...bodies,
  ]);
}
