/** One thread or process that runs an analyzer, as seen from the main process. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import type { ToHost } from '../generated/messages.js';
import type { Isolation } from '../modules/analyzer.js';
import { type Codec, cloned, json, receive, sendTo } from './link.js';

export interface Host {
  /** id of its process; of a thread, this process */
  readonly pid: number | undefined;
  /** unique: `thread 3`, `process 4711` */
  readonly label: string;
  /** Throws for a value that cannot be encoded. */
  send(message: ToHost): void;
  /** Ends it immediately. */
  kill(): void;
  /** It no longer keeps Node alive; `ref` undoes that. */
  unref(): void;
  ref(): void;
}

/** Listeners for events of a host. `ended` is called once, last. */
export interface HostEvents {
  /** not checked yet */
  message(message: unknown): void;
  /** it sent something that is no message, or closed a pipe */
  broken(why: string): void;
  ended(reason: string): void;
}

export interface HostPlace {
  isolation: Exclude<Isolation, 'inline' | 'auto'>;
  root: string;
  memoryMb?: number | undefined;
  /** descriptor of the run's shared memory of inputs */
  inputs: number;
}

export type OpenHost = (place: HostPlace, events: HostEvents) => Host;

export const openHost: OpenHost = (place, events) =>
  place.isolation === 'thread'
    ? openThread(place, events)
    : place.isolation === 'process'
      ? openProcess(place, events)
      : openPython(place, place.isolation.python, events);

/** The compiled file, also when this file runs as TypeScript (tests). */
const script = (name: string) => fileURLToPath(new URL(`../../lib/hosts/${name}.js`, import.meta.url));

/** Flags of this process that load code (tsx, ...), which hosts need too. */
function loaderFlags(): string[] {
  const flags: string[] = [];
  const takesValue = /^(-r|-C|--require|--import|--loader|--experimental-loader|--conditions)$/;
  for (const [i, flag] of process.execArgv.entries()) {
    if (takesValue.test(flag) && process.execArgv[i + 1]) flags.push(flag, process.execArgv[i + 1]!);
    else if (takesValue.test(flag.split('=')[0]!) && flag.includes('=')) flags.push(flag);
    else if (flag === '--enable-source-maps') flags.push(flag);
  }
  return flags;
}

function openThread({ inputs, memoryMb }: HostPlace, { message, broken, ended }: HostEvents): Host {
  const worker = new Worker(script('thread-host'), {
    workerData: inputs,
    execArgv: loaderFlags(),
    ...(memoryMb && { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  });
  let reason: string | undefined;
  worker.on('message', message);
  worker.on('messageerror', (error) => broken(`it sent a message that cannot be read: ${messageOf(error)}`));
  worker.on('error', (error) => {
    const memory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    reason = memory ? 'it ran out of memory' : `it threw outside of analyze: ${messageOf(error)}`;
  });
  worker.on('exit', (code) => ended(reason ?? `it exited with status ${code}`));
  return {
    pid: process.pid,
    label: `thread ${worker.threadId}`,
    send: (sent) => worker.postMessage(sent),
    kill: () => void worker.terminate(),
    unref: () => worker.unref(),
    ref: () => worker.ref(),
  };
}

/** Longest wait for the last answers of a process that exited, ms; shorter than a pool's wait for its end. */
const answersFollowMs = 200;

/** Killed when this process exits normally; if it is killed, the hosts end by themselves. */
const children = new Set<ChildProcess>();
let killsAtExit = false;

/** Pixels are mapped read-only: a write is a SIGSEGV. */
const mayHaveWritten = (signal: NodeJS.Signals): string =>
  signal === 'SIGSEGV' ? ' (so does an analyzer that writes to its input: data.slice() is a copy)' : '';

/**
 * Calls `ended` once, after the answers still on the child's pipe; a process that inherited the pipe may hold it open, so
 * the wait ends after `answersFollowMs`.
 */
function watched(child: ChildProcess, answers: Readable | null, ended: HostEvents['ended']): void {
  if (!killsAtExit)
    process.on('exit', () => {
      for (const one of children) one.kill('SIGKILL');
    });
  killsAtExit = true;
  children.add(child);
  let over = false;
  const end = (reason: string) => {
    children.delete(child);
    if (!over) ended(reason);
    over = true;
  };
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, signal) => {
    const reason = signal ? `it was killed by ${signal}${mayHaveWritten(signal)}` : `it exited with status ${code}`;
    if (!answers || answers.readableEnded || answers.destroyed) return end(reason);
    const late = setTimeout(() => end(reason), answersFollowMs);
    answers.once('close', () => {
      clearTimeout(late);
      end(reason);
    });
  });
}

function openProcess({ inputs, memoryMb, root }: HostPlace, events: HostEvents): Host {
  const flags = [...loaderFlags(), ...(memoryMb ? [`--max-old-space-size=${memoryMb}`] : [])];
  const child = spawn(process.execPath, [...flags, script('process-host'), String(process.pid)], {
    cwd: root,
    stdio: pipes(inputs),
  });
  return linked('process', child, cloned, events);
}

/** Descriptors 3 and 4 are the pipes of questions and answers, 5 is the shared memory of inputs. */
const pipes = (inputs: number): StdioOptions => ['ignore', 'inherit', 'inherit', 'pipe', 'pipe', inputs];

/** Wait for the exit of a process that closed its pipe, ms: an exit status is the better reason. */
const exitFollowsMs = 500;

function linked(kind: string, child: ChildProcess, codec: Codec, { message, broken, ended }: HostEvents): Host {
  // Null where the process could not be started; `ended` then reports why.
  const [to, from] = [child.stdio[3] as Writable | null, child.stdio[4] as Readable | null];
  watched(child, from, ended);
  const closed = (what: string) => {
    const lives = () => child.exitCode === null && child.signalCode === null;
    setTimeout(() => lives() && broken(`it closed the pipe of its ${what}`), exitFollowsMs).unref();
  };
  to?.on('error', () => closed('questions'));
  (to as Readable | null)?.on('end', () => closed('questions')).resume(); // a pair of sockets: only its end arrives here
  from?.on('error', () => closed('answers'));
  from?.on('end', () => closed('answers'));
  if (from) receive(codec, from, message, broken);
  const send = to ? sendTo(codec, to) : () => undefined;
  const pipes = [to, from] as ({ ref?(): void; unref?(): void } | null)[];
  return {
    pid: child.pid,
    label: `${kind} ${child.pid}`,
    send,
    kill: () => void child.kill('SIGKILL'),
    unref: () => {
      child.unref();
      for (const pipe of pipes) pipe?.unref?.();
    },
    ref: () => child.ref(),
  };
}

/** The interpreter of a venv's folder; any other path is the interpreter itself. */
export function interpreter(python: string): string {
  const inVenv = join(python, 'bin', 'python');
  return existsSync(python) && statSync(python).isDirectory() ? inVenv : python;
}

const pythonPackage = fileURLToPath(new URL('../../python', import.meta.url));

function openPython({ inputs, root }: HostPlace, python: string, events: HostEvents): Host {
  const path = [pythonPackage, process.env.PYTHONPATH].filter(Boolean).join(':');
  const child = spawn(interpreter(python), ['-m', 'framepath.host', String(process.pid)], {
    cwd: root,
    env: { ...process.env, PYTHONPATH: path },
    stdio: pipes(inputs),
  });
  return linked('python', child, json, events);
}
