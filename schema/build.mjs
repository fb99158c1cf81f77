// Builders of JSON Schema 2020-12. What it has no keyword for stands under `x-`: names in C++, units, who decides.

/**
 * An enum: `values` are its names, each with what it means or `{ doc, cpp }` (where its name is no identifier of C++).
 * `cpp` is its full name in C++ below `framepath::`, `area` the header that it goes to (native/generated/AREA_enums.h); an enum
 * without them is not known natively.
 */
export function names(id, { cpp, area, is }, values) {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? { doc: value } : value,
  ]);
  return {
    $id: id,
    type: 'string',
    enum: entries.map(([name]) => name),
    description: is,
    ...(cpp && { 'x-cpp': cpp, 'x-area': area }),
    'x-values': Object.fromEntries(entries),
  };
}

/** Longest string, list and number that cross natively where nothing smaller is stated. */
const int32 = 2 ** 31 - 1;

// Fields. `doc` without its default and unit, which are added; `absent`: what is when it is left out and has no default.
// `by`: who decides then, from what it finds: the engine before it starts, a probe (the model's file, what works here), or
// the source when it is opened. `found`: nobody can set it, it is in the plan only. `plan: false`: it is not in the plan.
// `cpp`, `ts`: its type on each side, where that is not the usual one.
// `decimals`: to which a number that comes out is rounded. `side: 'javascript'`: only TypeScript adds it.
const field = (schema, { doc, unit, absent, by, default: value, cpp, ts, decimals, side, found, plan } = {}) => ({
  ...schema,
  ...(doc && { description: doc }),
  ...(value !== undefined && { default: value }),
  ...(unit && { 'x-unit': unit }),
  ...(absent && { 'x-absent': absent }),
  ...(by && { 'x-decides': by }),
  ...(cpp && { 'x-cpp': cpp }),
  ...(found && { 'x-found': true }),
  ...(plan === false && { 'x-plan': false }),
  ...(ts && { 'x-ts': ts }),
  ...(decimals !== undefined && { 'x-decimals': decimals }),
  ...(side && { 'x-side': side }),
});

export const integer = ({ min, max, ...more }) =>
  field(
    { type: 'integer', minimum: min, ...(max !== undefined && { maximum: max }) },
    {
      ...(max > int32 && { cpp: 'int64_t' }),
      ...more,
    },
  );
export const number = ({ min, max, ...more }) =>
  field({ type: 'number', minimum: min, ...(max !== undefined && { maximum: max }) }, more);
/** Absent natively: empty. With `presence`, absent is another thing than empty. */
export const text = ({ presence, ...more } = {}) => ({
  ...field({ type: 'string' }, more),
  ...(presence && { 'x-presence': true }),
});
export const flag = (more) => field({ type: 'boolean' }, more);
/** Absent natively: empty. */
export const list = (items, { min, max, ...more } = {}) =>
  field({ type: 'array', items, ...(min && { minItems: min }), ...(max && { maxItems: max }) }, more);
/** Text by name: one of `keys`. */
export const texts = (keys, more) =>
  field({ type: 'object', propertyNames: { $ref: keys.$id }, additionalProperties: { type: 'string' } }, more);
/** An enum or an object. `always`: an object that is natively there, with its defaults, when it is left out. */
export const ref = (to, { always, ...more } = {}) => ({
  ...field({ $ref: to.$id }, more),
  ...(always && { 'x-always': true }),
});
export const constant = (value) => ({ const: value });
/** Values by name: any, or those of an enum. */
export const map = (values, { keys, ...more } = {}) =>
  field({ type: 'object', ...(keys && { propertyNames: { $ref: keys.$id } }), additionalProperties: values }, more);
/** A list of a known length with values of several kinds: `[name, schema]` each. */
export const tuple = (items, more) =>
  field(
    {
      type: 'array',
      prefixItems: items.map(([, schema]) => schema),
      items: false,
      minItems: items.length,
      maxItems: items.length,
      'x-names': items.map(([name]) => name),
    },
    more,
  );
/** The value, or `null`. */
export const nullable = (schema) => ({ ...schema, 'x-nullable': true });
/** A value of one of some kinds. */
export const either = (kinds, more) => field({ anyOf: kinds }, more);
/** More values by name, in the object itself. */
export const rest = (values, more) => ({ ...map(values, more), 'x-rest': true });
/** One of some texts that only this field has. */
export const oneOf = (values, more) => field({ type: 'string', enum: values }, more);
/** Anything that JSON can hold. */
export const any = (more) => field({}, more);

/**
 * An object: of `fields`, those `required` must be there; `also` are objects whose fields it has too. `planOnly`: it is found,
 * nobody can set it.
 */
export function object(id, is, fields, { required = [], also = [], planOnly = false } = {}) {
  const inherited = Object.assign({}, ...also.map(({ properties }) => properties));
  return {
    $id: id,
    type: 'object',
    description: is,
    properties: { ...inherited, ...fields },
    required: [...also.flatMap((other) => other.required), ...required],
    additionalProperties: false,
    'x-also': also.map(({ $id }) => $id),
    ...(planOnly && { 'x-plan-only': true }),
  };
}

/** An object that comes out: all of its fields are there, but for those that are `optional`. */
export const result = (id, is, fields, { optional = [], ...more } = {}) =>
  object(id, is, fields, { required: Object.keys(fields).filter((key) => !optional.includes(key)), ...more });

/** A type with a name that is no object. */
export const alias = (id, is, schema) => ({ $id: id, description: is, ...schema, 'x-alias': true });

/** One of some objects, by the constant `kind` (or another field) that each of them has. */
export const union = (id, is, members, by = 'kind') => ({
  $id: id,
  description: is,
  oneOf: members.map(({ $id }) => ({ $ref: $id })),
  'x-by': by,
});

export const byId = (schemas) => Object.fromEntries(schemas.map((schema) => [schema.$id, schema]));
