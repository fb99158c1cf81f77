/** The one error class, and the wrapping of native errors. The closed table of codes is in schema/errors.mjs. */
import { type ErrorCode, errorCodes, usualHints } from './generated/errors.js';

export { type ErrorCode, errorCodes };

/** What else an error knows. */
export interface ErrorDetails {
  /** the next thing to do, usually a command */
  hint?: string | undefined;
  /** id of the source it happened to */
  source?: string | undefined;
  /** name of the module it happened in */
  module?: string | undefined;
  cause?: unknown;
}

/**
 * The only error class that framepath throws on purpose.
 *
 * @example
 * ```ts
 * try { await probe('missing.mp4'); }
 * catch (error) { if (error instanceof FramepathError && error.code === 'SOURCE_NOT_FOUND') console.log(error.hint); }
 * ```
 */
export class FramepathError extends Error {
  override readonly name = 'FramepathError';
  /** Stable code from the closed table {@link errorCodes}. */
  readonly code: ErrorCode;
  /** The next thing to do, usually a command. */
  readonly hint: string | undefined;
  /** Id of the source it happened to. */
  readonly source: string | undefined;
  /** Name of the module it happened in. */
  readonly module: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(withNames(message, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint || usualHints[code];
    this.source = details.source || undefined;
    this.module = details.module || undefined;
  }

  /** Plain object for logs and `--json`. */
  toJSON(): { code: ErrorCode; message: string; hint?: string; source?: string; module?: string } {
    const { code, message, hint, source, module } = this;
    return { code, message, ...(hint && { hint }), ...(source && { source }), ...(module && { module }) };
  }
}

/** The sentence with the module and source it is about: who reads only the sentence must know them too. */
function withNames(message: string, { module, source }: ErrorDetails): string {
  const names = [
    ...(module && !isNamed(message, 'module', module) ? [`Module "${module}"`] : []),
    ...(source && !isNamed(message, 'source', source) ? [`Source "${source}"`] : []),
  ];
  return names.length === 0 ? message : `${names.join(', ')}: ${message}`;
}

function isNamed(message: string, kind: 'module' | 'source', name: string): boolean {
  const lower = message.toLowerCase();
  return [`"${name}"`, `'${name}'`, `${kind} ${name.toLowerCase()}`].some(
    (form) => message.includes(form) || lower.includes(form),
  );
}

/** The message of a thrown value; anything can be thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return 'a value that has no text'; // no prototype, or a message that throws
  }
}

/** Whether a value is a code of the table. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/**
 * Anything caught, as a `FramepathError`. Native errors carry code, hint, source and module as properties; they are
 * created on another stack, so the new error brings the stack of the caller. `cause` replaces the native error as cause.
 */
export function toFramepathError(error: unknown, cause: unknown = error): FramepathError {
  if (error instanceof FramepathError) return error;
  const native = error as Partial<FramepathError> | null | undefined;
  const code = isErrorCode(native?.code) ? native.code : 'INTERNAL';
  return new FramepathError(code, messageOf(error), {
    hint: native?.hint,
    source: native?.source,
    module: native?.module,
    cause,
  });
}

/** A file system error of a writer as a coded error; `opening`: it could not be opened, else it failed later. */
export function toOutputError(error: unknown, path: string, opening: boolean): FramepathError {
  if (error instanceof FramepathError) return error;
  const errno = (error as NodeJS.ErrnoException | undefined)?.code;
  const details = { cause: error };
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new FramepathError('OUTPUT_DISK_FULL', `The disk is full: ${path}`, details);
  }
  const why = messageOf(error);
  return opening
    ? new FramepathError('OUTPUT_UNWRITABLE', `Cannot write ${path}: ${why}`, details)
    : new FramepathError('OUTPUT_FAILED', `Writing ${path} failed: ${why}`, details);
}
