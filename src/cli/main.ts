/** Finds the command, prints help and errors, decides the exit code. */
import { readFileSync } from 'node:fs';
import { toFramepathError } from '../errors.js';
import { bench } from './bench.js';
import { type Command, json, UsageError } from './command.js';
import { doctor } from './doctor.js';
import { models } from './models.js';
import { planCommand } from './plan.js';
import { probe } from './probe.js';
import { run } from './run.js';
import type { Terminal } from './terminal.js';

const commands: Record<string, Command> = { run, probe, models, doctor, plan: planCommand, bench };

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
    'Exit status: 0 done, 1 failed, 2 bad usage.',
    '',
  ].join('\n');
}

/** Runs a command line; resolves with the exit code: 0 done, 1 failed, 2 bad usage. */
export async function main(args: string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') {
    terminal.out(`${version()}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === undefined ? undefined : rest[0];
    const about = asked === undefined ? help() : commands[asked]?.usage;
    if (name === undefined) terminal.err(help());
    else terminal.out(about ?? help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    terminal.err(`framepath: there is no command '${name}'\n\n${help()}`);
    return 2;
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
  if (error instanceof UsageError) {
    terminal.err(`framepath: ${error.message}\n\n${command.usage}`);
    return 2;
  }
  const coded = toFramepathError(error);
  if (asJson) terminal.out(json({ error: coded }));
  terminal.err(`framepath: ${coded.code}: ${coded.message}\n${coded.hint ? `  ${coded.hint}\n` : ''}`);
  if (coded.code === 'INTERNAL' && coded.stack) terminal.err(`${coded.stack}\n`);
  return 1;
}
