/** JavaScript host: opens one analyzer and answers questions, in a thread or in a process. */
import { loadAddon } from '../addon.js';
import { factsOf } from '../modules/definition.js';
import { OutOfReach } from '../modules/device-input.js';
import { InputViews } from '../modules/input.js';
import { type Instance, loadDefinition, openInstance } from './instance.js';
import { type FromHost, type ToHost, thrownFacts } from './messages.js';
import { Turns } from './turns.js';
import { monotonicMs } from './worker-slot-figures.js';

/** `inputs`: the descriptor of the run's shared memory. Answers one question at a time. */
export function serve(inputs: number, send: (message: FromHost) => void, leave: () => void): (message: ToHost) => void {
  let instance: Instance | undefined;
  let input: ReturnType<typeof factsOf>['input'];
  let views: InputViews | undefined;

  async function open({ file, options }: Extract<ToHost, { kind: 'open' }>): Promise<void> {
    try {
      const found = await loadDefinition(file);
      instance = await openInstance(found, options);
      const definition = factsOf(found);
      input = definition.input;
      if (input) views = new InputViews(new (loadAddon().SharedInputs)(inputs));
      send({ kind: 'opened', definition });
    } catch (error) {
      send({ kind: 'unusable', error: thrownFacts(error) });
    }
  }

  async function ask({ id, frame, deps, input: packed, cuda }: Extract<ToHost, { kind: 'ask' }>): Promise<void> {
    const startMs = monotonicMs();
    try {
      const view = packed && input ? { ...frame, input: views!.read(packed, input, cuda) } : frame;
      const value = await instance!.analyze(view, deps);
      send({ kind: 'answer', id, value, startMs, endMs: monotonicMs() }); // throws for a value that cannot be sent: answered below
    } catch (error) {
      if (error instanceof OutOfReach)
        send({ kind: 'answer', id, outOfReach: error.message, startMs, endMs: monotonicMs() });
      else send({ kind: 'answer', id, error: thrownFacts(error), startMs, endMs: monotonicMs() });
    }
  }

  const turns = new Turns(1);
  return (message) => {
    if (message.kind === 'open') void open(message);
    else if (message.kind === 'ask') void turns.take(() => ask(message));
    else void Promise.resolve(instance?.close()).finally(leave);
  };
}
