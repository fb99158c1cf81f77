/** What can be wrong with a model. The codes are some of framepath's. */
export type ModelErrorCode = 'MODEL_INVALID' | 'MODEL_NOT_FOUND' | 'INVALID_ARGUMENT';

/** The only error class that this package throws on purpose. Errors of the file system pass through where files are written. */
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
