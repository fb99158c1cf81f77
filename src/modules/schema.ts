/** Schemas of values: Standard Schema version 1 (https://standardschema.dev), which zod, valibot, arktype and others have. */
import type { Rule } from '../validate.js';
import { unexpected } from '../validate.js';

/** What such a schema is; the interface of the specification, which is made to be copied. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of a schema for a value: the value, perhaps changed, or what does not fit. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type SchemaInput<X extends StandardSchema> = NonNullable<X['~standard']['types']>['input'];
/** What it gives. */
export type SchemaOutput<X extends StandardSchema> = NonNullable<X['~standard']['types']>['output'];

/** @internal */
export const schemaRule: Rule = (name, value) => {
  // Those of arktype are functions.
  const standard = (value as Partial<StandardSchema> | null)?.['~standard'];
  if (standard?.version !== 1 || typeof standard.validate !== 'function')
    throw unexpected('a schema (Standard Schema version 1: zod 3.24, valibot 1, arktype 2 or later)', name, value);
};

const mostIssues = 3;

/** The value as the schema gives it. Rejects with path and message of the first issues. @internal */
export async function fitting(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  const reported = result.issues.slice(0, mostIssues).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    return keys.length ? `${keys.join('.')}: ${message}` : message;
  });
  const more = result.issues.length - reported.length;
  throw new TypeError(`The value does not fit the schema: ${reported.join('; ')}${more ? `; and ${more} more` : ''}`);
}
