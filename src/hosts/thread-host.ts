/** Runs one analyzer in this worker_thread; `workerData` is the descriptor of the run's inputs. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ToHost } from '../generated/messages.js';
import { serve } from './serve.js';

const port = parentPort!;
const receive = serve(
  workerData as number,
  (message) => port.postMessage(message),
  () => process.exit(0),
);
port.on('message', (message: ToHost) => receive(message));
