/** Finds the command, writes help and errors, decides the exit code. */
import { readFileSync } from 'node:fs';
import { didYouMean } from '../did-you-mean.js';
import { warnOfUnknownVariables } from '../environment.js';
import { toFramepathError } from '../errors.js';
import { bench } from './bench.js';
import { type Command, json, UsageError } from './command.js';
import { doctor } from './doctor.js';
import { models } from './models.js';
import { modules } from './modules.js';
import { newCommand } from './new.js';
import { planCommand } from './plan.js';
import { probe } from './probe.js';
import { run } from './run.js';
import type { Terminal } from './terminal.js';

const commands: Record<string, Command> = {
  run,
  probe,
  models,
  modules,
  doctor,
  plan: planCommand,
  bench,
  new: newCommand,
};

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function help(): string {
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`);
  return [
    'Usage: framepath <command> [options]',
    '',
    ...list,
    '',
    '  --help     help, also of a command',
    '  --version  the version',
    '',
    'Exit status: 0 success (plan: it fits), 1 failure (plan: it does not fit), 2 bad usage.',
    '',
  ].join('\n');
}

/** Runs a command line; resolves with the exit code, see `help`. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  warnOfUnknownVariables(process.env, (sentence) => terminal.err(`framepath: warning: ${sentence}\n`));
  if (name === '--version' || name === '-v') {
    terminal.out(`${version()}\n`);
    return 0;
  }
  if (name === undefined) {
    terminal.err(help());
    return 2;
  }
  const asksHelp = name === '--help' || name === '-h' || name === 'help';
  const asked = asksHelp ? rest[0] : name;
  if (asked === undefined) {
    terminal.out(help());
    return 0;
  }
  const command = Object.hasOwn(commands, asked) ? commands[asked] : undefined;
  if (!command) {
    const meant = didYouMean(asked, Object.keys(commands));
    return misused(`there is no command '${asked}'${meant}`, help(), rest.includes('--json'), terminal);
  }
  if (asksHelp) {
    terminal.out(command.usage);
    return 0;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(command.usage);
    return 0;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    return failed(error, command, rest.includes('--json'), terminal);
  }
}

function failed(error: unknown, command: Command, asJson: boolean, terminal: Terminal): number {
  if (error instanceof UsageError) return misused(error.message, command.usage, asJson, terminal);
  const coded = toFramepathError(error);
  if (asJson) terminal.out(json({ error: coded }));
  terminal.err(`framepath: ${coded.code}: ${coded.message}\n${coded.hint ? `  ${coded.hint}\n` : ''}`);
  if (coded.code === 'INTERNAL' && coded.stack) terminal.err(`${coded.stack}\n`);
  return 1;
}

function misused(message: string, usage: string, asJson: boolean, terminal: Terminal): number {
  if (asJson) terminal.out(json({ error: { code: 'INVALID_ARGUMENT', message } }));
  terminal.err(`framepath: ${message}\n\n${usage}`);
  return 2;
}
