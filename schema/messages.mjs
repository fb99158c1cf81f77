// Messages between a run and the hosts of its analyzers (threads, processes, Python). What a host sends is not trusted:
// src/hosts/messages.ts checks it by these shapes.
import { any, constant, flag, integer, list, map, number, object, ref, text, union } from './build.mjs';
import { inputRequest } from './module.mjs';

/** Longest message, as bytes of a pipe. */
export const mostMessageBytes = 64 * 2 ** 20;

const message = (id, kind, is, fields, optional = []) =>
  object(
    id,
    is,
    { kind: constant(kind), ...fields },
    { required: ['kind', ...Object.keys(fields).filter((key) => !optional.includes(key))] },
  );

const questionId = integer({ min: 0, max: Number.MAX_SAFE_INTEGER, doc: 'of the question' });

/** Its fields are checked as those of a definition in this process are (`checkFacts`), with the same errors. */
const definitionFacts = {
  ...object(
    'DefinitionFacts',
    'What a pipeline needs to know of an analyzer; plain data',
    {
      name: text(),
      depends: list(text(), { doc: 'modules whose values it reads' }),
      input: ref(inputRequest),
      stateless: flag({}),
    },
    { required: ['name', 'depends', 'stateless'] },
  ),
  'x-checked': 'by code',
};

const thrownFacts = object(
  'ThrownFacts',
  'Something thrown elsewhere',
  { name: text(), message: text(), stack: text() },
  { required: ['name', 'message'] },
);

const toHosts = [
  message(
    'OpenMessage',
    'open',
    'The first message: which analyzer it is',
    {
      file: text(),
      options: any({ doc: 'for its `configure`' }),
      memoryMb: integer({ min: 1, doc: 'of Python, above what it has' }),
    },
    ['memoryMb'],
  ),
  message(
    'AskMessage',
    'ask',
    'A question: what it makes of a frame',
    {
      id: questionId,
      frame: any({ ts: 'FrameFacts' }),
      deps: map(any(), { ts: 'Readonly<Record<string, unknown>>' }),
      input: list(number({}), { ts: 'PackedInput', doc: 'where its pixels are, packed' }),
      cuda: any({ ts: 'CudaBlock', doc: 'of pixels on a GPU: the block in which `input` places them' }),
    },
    ['input', 'cuda'],
  ),
  message('CloseMessage', 'close', 'The last message: it closes and ends', {}),
];

/** Start and end of the call of `analyze`: milliseconds since the machine started. */
const worked = { id: questionId, startMs: number({ min: 0, max: 2 ** 42 }), endMs: number({ min: 0, max: 2 ** 42 }) };

const fromHosts = [
  message('OpenedMessage', 'opened', 'It is ready', { definition: ref(definitionFacts) }),
  message('UnusableMessage', 'unusable', 'It cannot start', { error: ref(thrownFacts) }),
  message('AnswerMessage', 'answer', 'The value of a frame', { ...worked, value: any() }, ['value']),
  message('FailedMessage', 'failed', '`analyze` threw', { ...worked, error: ref(thrownFacts) }),
  message('OutOfReachMessage', 'outOfReach', "The GPU's memory cannot be mapped there", { ...worked, reason: text() }),
];

export const toHost = union('ToHost', 'What a run sends to a host', toHosts);
export const fromHost = union('FromHost', 'What a host sends', fromHosts);

export const parts = [definitionFacts, thrownFacts];
export const messages = [...toHosts, ...fromHosts];
/** Types that only TypeScript has. */
export const imports = {
  '../modules/definition.js': ['FrameFacts'],
  '../modules/input.js': ['PackedInput'],
  '../native.js': ['CudaBlock'],
  './specs.js': ['InputRequest'],
};
