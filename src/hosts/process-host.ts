/** Runs one analyzer in this process, a child of process argv[2] with a channel; the run's inputs are descriptor 4. */
import { loadAddon } from '../addon.js';
import type { ToHost } from './messages.js';
import { serve } from './serve.js';

// A loop in the analyzer hears no disconnect: the system ends this process with its parent.
if (!loadAddon().endWithParent(Number(process.argv[2]))) process.exit(0);
const receive = serve(
  4,
  (message) => process.send!(message),
  () => process.exit(0),
);
process.on('message', (message) => receive(message as ToHost));
process.on('disconnect', () => process.exit(0));
