/** JavaScript host: opens one analyzer and answers questions, in a thread or in a process. */
import { loadAddon } from '../addon.js';
import type { AskMessage, FromHost, OpenMessage, ToHost } from '../generated/messages.js';
import { factsOf } from '../modules/definition.js';
import { OutOfReach } from '../modules/device-input.js';
import { InputViews } from '../modules/input-views.js';
import { type Instance, loadDefinition, openInstance } from './instance.js';
import { thrownFacts } from './messages.js';
import { Turns } from './turns.js';
import { monotonicMs } from './worker-slot-figures.js';

/** `inputs`: the descriptor of the run's shared memory. Answers one question at a time. */
export function serve(inputs: number, send: (message: FromHost) => void, leave: () => void): (message: ToHost) => void {
  let instance: Instance | undefined;
  let input: ReturnType<typeof factsOf>['input'];
  let views: InputViews | undefined;

  async function open({ file, options }: OpenMessage): Promise<void> {
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

  async function ask({ id, frame, deps, input: packed, cuda }: AskMessage): Promise<void> {
    const startMs = monotonicMs();
    try {
      const view = packed && input ? { ...frame, input: views!.read(packed, input, cuda) } : frame;
      const value = await instance!.analyze(view, deps);
      send({ kind: 'answer', id, startMs, endMs: monotonicMs(), value }); // throws for a value that cannot be sent
    } catch (error) {
      const worked = { id, startMs, endMs: monotonicMs() };
      if (error instanceof OutOfReach) send({ kind: 'outOfReach', ...worked, reason: error.message });
      else send({ kind: 'failed', ...worked, error: thrownFacts(error) });
    }
  }

  const turns = new Turns(1);
  return (message) => {
    switch (message.kind) {
      case 'open':
        return void open(message);
      case 'ask':
        return void turns.take(() => ask(message));
      case 'close':
        return void Promise.resolve(instance?.close()).finally(leave);
      default:
        message satisfies never;
    }
  };
}
