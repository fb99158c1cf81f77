/**
 * Runs one analyzer in this process, a child of process argv[2]. Descriptors: 3 questions, 4 answers, 5 shared memory of the
 * run's inputs.
 */
import { Socket } from 'node:net';
import { loadAddon } from '../addon.js';
import type { ToHost } from '../generated/messages.js';
import { cloned, receive, sendSync } from './link.js';
import { serve } from './serve.js';

const leave = () => process.exit(0);
// An analyzer in an endless loop never sees a closed pipe: the kernel ends this process with its parent.
if (!loadAddon().endWithParent(Number(process.argv[2]))) leave();
const asks = new Socket({ fd: 3, readable: true, writable: false });
for (const end of ['end', 'error']) asks.on(end, leave);
const handle = serve(5, sendSync(cloned, 4), leave);
receive(cloned, asks, (message) => handle(message as ToHost), leave, Number.POSITIVE_INFINITY);
