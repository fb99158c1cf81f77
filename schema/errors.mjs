/**
 * Every code an error can carry, what it means, and what to do next where whoever throws knows nothing better. A code without a
 * hint is answered by its sentence alone.
 */
export const errors = {
  INVALID_ARGUMENT: { means: 'An option or argument has the wrong type or is out of range.' },
  GRAPH_INVALID: { means: 'Modules do not form a graph: a missing dependency, a cycle, a duplicate or reserved name.' },
  CONFIG_INVALID: {
    means: 'The configuration file or a FRAMEPATH_* variable cannot be used.',
    hint: 'See framepath doctor.',
  },
  SOURCE_NOT_FOUND: {
    means: 'There is nothing at the source path or URL.',
    hint: 'Check the path or URL.',
  },
  SOURCE_UNREADABLE: {
    means: 'The source exists but is not media, is empty, or is cut before its index.',
    hint: 'Give a complete media file that you may read; framepath probe reports what is in a file.',
  },
  SOURCE_UNSUPPORTED: {
    means: 'The source is media, but this libav cannot decode it or it has no pictures.',
    hint: 'Convert it with ffmpeg, or install an FFmpeg that decodes it.',
  },
  SOURCE_TOO_LARGE: {
    means: 'The source has more bytes, larger pictures or more time than the limits allow.',
    hint: 'Give a smaller source, or raise the limit that the error names.',
  },
  SOURCE_REFUSED: {
    means: 'The source, or what it names, is a file, a protocol or a host that the limits do not allow.',
    hint: 'Allow its folder, protocol or host with limits, if it may be trusted.',
  },
  SOURCE_FAILED: {
    means: 'The source failed in mid-stream, or its iterable threw.',
    hint: 'Check that the file or stream is whole and still there.',
  },
  SOURCE_CRASHED: {
    means: 'The process that reads the untrusted source crashed, was killed, or sent what it must not send.',
    hint: 'The file is damaged or hostile: leave it out. Other sources and this process are unharmed.',
  },
  DECODE_FAILED: {
    means: 'More pictures were corrupt than the limit allows.',
    hint: 'Check the file with: ffmpeg -v error -i FILE -f null -',
  },
  ENCODER_UNAVAILABLE: {
    means: 'No encoder for the codec and profile exists on this machine.',
    hint: 'Choose a codec that framepath doctor lists.',
  },
  ENCODE_FAILED: {
    means: 'The encoder failed in mid-run.',
    hint: 'Try another codec or profile; framepath doctor lists the encoders.',
  },
  OUTPUT_UNWRITABLE: {
    means: 'The output cannot be opened for writing.',
    hint: 'Choose a path in an existing folder that you may write to.',
  },
  OUTPUT_FAILED: {
    means: 'Writing the output failed in mid-run.',
    hint: 'Check that the output is still there and may be written to.',
  },
  OUTPUT_DISK_FULL: {
    means: 'The disk of the output is full.',
    hint: 'Free space or choose another path.',
  },
  RUNTIME_MISSING: { means: 'ONNX Runtime was found nowhere.' },
  RUNTIME_UNUSABLE: { means: 'ONNX Runtime was found but cannot be used.' },
  MODEL_NOT_FOUND: { means: 'There is no model of this name or at this path.' },
  MODEL_INVALID: { means: 'The model file is not a model, is damaged, or cannot be converted.' },
  MODEL_UNSUPPORTED: { means: 'The inputs or outputs of the model do not fit its head.' },
  MODEL_SPEC_NEEDED: { means: 'The spec of the model cannot be inferred from its file and must be stated.' },
  INFERENCE_FAILED: {
    means: 'The model failed while running.',
    hint: 'Look at the model with: npx framepath models inspect PATH',
  },
  MODULE_FAILED: {
    means: 'A module threw; the cause is the original error.',
    hint: 'See the cause, or state onError for this module.',
  },
  MODULE_TIMEOUT: {
    means: 'A module did not answer within its timeoutMs.',
    hint: 'Raise timeoutMs, or state onError for this module.',
  },
  MODULE_CRASHED: {
    means: 'The thread or process of a module ended while it held a frame, or has used up its restarts.',
    hint: 'See what the module printed; state onError or restarts for this module.',
  },
  MODULE_UNUSABLE: {
    means: 'A module cannot be loaded or started where it should run.',
    hint: 'Run the file by itself to see more.',
  },
  MODULE_CONFLICT: {
    means: 'A module would load native code that cannot share the process with what is there.',
    hint: "Give one of them isolation: 'process', or 'auto', which finds the place itself.",
  },
  DEVICE_UNAVAILABLE: { means: 'The device does not exist or cannot be used.' },
  DEVICE_OUT_OF_MEMORY: { means: 'The run does not fit into the memory of the device.' },
  DEVICE_LOST: { means: 'The device failed for good; this process cannot use it any more.' },
  FRAME_RELEASED: { means: 'The pixels of this frame are gone.' },
  BUSY: {
    means: 'More pictures wait to be worked on than the run holds; nothing was queued.',
    hint: 'Await some of the submitted pictures first, or raise maxPending.',
  },
  RUN_CLOSED: {
    means: 'The run is closed.',
    hint: 'Start a new run.',
  },
  ABORTED: { means: 'The AbortSignal of the run was triggered.' },
  CANCELLED: { means: 'The work was cancelled because its source was removed or the run ended.' },
  PLATFORM_UNSUPPORTED: {
    means: 'The native addon runs on Linux only; types and imports work everywhere.',
    hint: 'Run it on Linux, for instance in a container: docker run --rm -it --platform linux/amd64 -v "$PWD":/app -w /app node:20-bookworm bash',
  },
  ADDON_MISSING: { means: 'The native addon is not built for this machine.' },
  INTERNAL: { means: 'A defect of framepath; please report it.' },
};
