/** The closed table of error codes, the one error class, and the wrapping of native errors. */

/**
 * Every code a {@link FramepathError} can carry, with what it means. The native side holds the same table
 * (`native/core/error.h`); a test compares them.
 */
export const errorCodes = {
  INVALID_ARGUMENT: 'An option or argument has the wrong type or is out of range.',
  GRAPH_INVALID: 'Modules do not form a graph: a missing dependency, a cycle, a duplicate or reserved name.',
  CONFIG_INVALID: 'The configuration file or a FRAMEPATH_* variable cannot be used.',
  SOURCE_NOT_FOUND: 'There is nothing at the source path or URL.',
  SOURCE_UNREADABLE: 'The source exists but is not media, is empty, or is cut before its index.',
  SOURCE_UNSUPPORTED: 'The source is media, but this libav cannot decode it or it has no pictures.',
  SOURCE_TOO_LARGE: 'The source has more bytes, larger pictures or more time than the limits allow.',
  SOURCE_REFUSED: 'The source, or what it names, is a file, a protocol or a host that the limits do not allow.',
  SOURCE_FAILED: 'The source failed in mid-stream, or its iterable threw.',
  SOURCE_CRASHED: 'The process that reads the untrusted source crashed, was killed, or sent what it must not send.',
  DECODE_FAILED: 'More pictures were corrupt than the limit allows.',
  ENCODER_UNAVAILABLE: 'No encoder for the codec and profile exists on this machine.',
  ENCODE_FAILED: 'The encoder failed in mid-run.',
  OUTPUT_UNWRITABLE: 'The output cannot be opened for writing.',
  OUTPUT_FAILED: 'Writing the output failed in mid-run.',
  OUTPUT_DISK_FULL: 'The disk of the output is full.',
  RUNTIME_MISSING: 'ONNX Runtime was found nowhere.',
  RUNTIME_UNUSABLE: 'ONNX Runtime was found but cannot be used.',
  MODEL_NOT_FOUND: 'There is no model of this name or at this path.',
  MODEL_INVALID: 'The model file is not a model, is damaged, or cannot be converted.',
  MODEL_UNSUPPORTED: 'The inputs or outputs of the model do not fit its head.',
  MODEL_SPEC_NEEDED: 'The spec of the model cannot be inferred from its file and must be stated.',
  INFERENCE_FAILED: 'The model failed while running.',
  MODULE_FAILED: 'A module threw; the cause is the original error.',
  MODULE_TIMEOUT: 'A module did not answer within its timeoutMs.',
  MODULE_CRASHED: 'The thread or process of a module ended while it held a frame, or has used up its restarts.',
  MODULE_UNUSABLE: 'A module cannot be loaded or started where it should run.',
  MODULE_CONFLICT: 'A module would load native code that cannot share the process with what is there.',
  DEVICE_UNAVAILABLE: 'The device does not exist or cannot be used.',
  DEVICE_OUT_OF_MEMORY: 'The run does not fit into the memory of the device.',
  DEVICE_LOST: 'The device failed for good; this process cannot use it any more.',
  FRAME_RELEASED: 'The pixels of this frame are gone.',
  BUSY: 'More pictures wait to be worked on than the run holds; nothing was queued.',
  RUN_CLOSED: 'The run is closed.',
  ABORTED: 'The AbortSignal of the run was triggered.',
  CANCELLED: 'The work was given up because its source was removed or the run ended.',
  PLATFORM_UNSUPPORTED: 'The native addon runs on Linux only; types and imports work everywhere.',
  ADDON_MISSING: 'The native addon is not built for this machine.',
  INTERNAL: 'A defect of framepath; please report it.',
} as const;

/** What to do next where whoever throws knows nothing better. A code that is not here is answered by its sentence alone. */
const usualHints: Partial<Record<keyof typeof errorCodes, string>> = {
  SOURCE_NOT_FOUND: 'Check the path or URL.',
  SOURCE_UNREADABLE: 'Give a complete media file that you may read; framepath probe says what is in a file.',
  SOURCE_UNSUPPORTED: 'Convert it with ffmpeg, or install an FFmpeg that decodes it.',
  SOURCE_TOO_LARGE: 'Give a smaller source, or raise the limit that the error names.',
  SOURCE_REFUSED: 'Allow its folder, protocol or host with limits, if it may be trusted.',
  SOURCE_FAILED: 'Check that the file or stream is whole and still there.',
  SOURCE_CRASHED: 'The file is damaged or hostile: leave it out. Other sources and this process are unharmed.',
  DECODE_FAILED: 'Check the file with: ffmpeg -v error -i FILE -f null -',
  ENCODE_FAILED: 'Try another codec or profile; framepath doctor lists the encoders.',
  ENCODER_UNAVAILABLE: 'Choose a codec that framepath doctor lists.',
  OUTPUT_UNWRITABLE: 'Choose a path in an existing folder that you may write to.',
  OUTPUT_FAILED: 'Check that the output is still there and may be written to.',
  OUTPUT_DISK_FULL: 'Free space or choose another path.',
  CONFIG_INVALID: 'See framepath doctor.',
  INFERENCE_FAILED: 'Look at the model with: npx framepath models inspect PATH',
  MODULE_FAILED: 'See the cause, or state onError for this module.',
  MODULE_TIMEOUT: 'Raise timeoutMs, or state onError for this module.',
  MODULE_CRASHED: 'See what the module printed; state onError or restarts for this module.',
  MODULE_UNUSABLE: 'Run the file by itself to see more.',
  MODULE_CONFLICT: "Give one of them isolation: 'process', or 'auto', which finds the place itself.",
  BUSY: 'Await some of the submitted pictures first, or raise maxPending.',
  RUN_CLOSED: 'Start a new run.',
  PLATFORM_UNSUPPORTED:
    'Run it on Linux, for instance in a container: docker run --rm -it --platform linux/amd64 -v "$PWD":/app -w /app node:20-bookworm bash',
};

/** A stable error code, see {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

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

/** What a thrown value says; anything can be thrown. */
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

/** A file system error of a writer as a coded error; `opening` tells a file that cannot be opened from one that fails later. */
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
