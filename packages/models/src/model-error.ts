/** Errors of models. The codes are a subset of framepath's. */
export type ModelErrorCode = 'MODEL_INVALID' | 'MODEL_NOT_FOUND' | 'INVALID_ARGUMENT';

/** The error class of this package. File system errors of writing pass through. */
export class ModelError extends Error {
  override readonly name: string = 'ModelError';
  /** the next thing to do */
  readonly hint: string | undefined;

  constructor(
    readonly code: ModelErrorCode,
    message: string,
    details: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
  }
}
