// The JSON Schema of the plan: specs as the native side gives them back, every option with who decided it.
import { fieldsOf, isDecided, isPlanned, mayBeNone, plannedOf } from './model.mjs';
import { isThere, planName } from './typescript-plan.mjs';

/** Bounds of what callers give: what was decided may lie outside, as 0 for no limit. */
const bounds = new Set(['minimum', 'maximum', 'minItems', 'maxItems', 'default', 'description']);

const withoutBounds = (schema) => Object.fromEntries(Object.entries(schema).filter(([key]) => !bounds.has(key)));

function planned(schema, all) {
  if (schema.items) return { ...schema, items: planned(schema.items, all) };
  return schema.$ref && !all.byId[schema.$ref].enum ? { ...schema, $ref: planName(schema.$ref) } : schema;
}

function decision(schema) {
  const value = { ...withoutBounds(schema), ...(mayBeNone(schema) && { 'x-nullable': true }) };
  return {
    type: 'object',
    ...(schema.description && { description: schema.description }),
    properties: { value, by: { $ref: 'DecidedBy' }, why: { type: 'string' } },
    required: ['value', 'by', 'why'],
    additionalProperties: false,
  };
}

function planOf(schema, all) {
  const named = { ...schema, $id: planName(schema.$id) };
  if (schema.oneOf) return { ...named, oneOf: schema.oneOf.map((one) => planned(one, all)) };
  const fields = fieldsOf(schema).filter(isPlanned);
  const must = (key) => schema.required.includes(key);
  const { kind } = schema.properties;
  return {
    ...named,
    properties: {
      ...(kind?.const !== undefined && { kind }),
      ...Object.fromEntries(
        fields.map(([key, field]) => {
          const as = planned(field, all);
          return [key, isDecided(field, must(key)) ? decision(as) : withoutBounds(as)];
        }),
      ),
    },
    required: [
      ...(kind?.const !== undefined ? ['kind'] : []),
      ...fields.filter(([key, field]) => isThere(field, must(key))).map(([key]) => key),
    ],
  };
}

/** Objects and unions of the plan, `Plan` and what it has. */
export const planSchemas = (all) => [...plannedOf(all)].map((schema) => planOf(schema, all));
