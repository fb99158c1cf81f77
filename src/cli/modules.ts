/** `framepath modules`: the analyzers that packages list, and conflicts between them. */
import { loadSettings } from '../config.js';
import { conflictBetween } from '../conflicts/conflict.js';
import { type Content, contentOf, frameworkContent } from '../conflicts/process-content.js';
import { type ListedAnalyzer, listedAnalyzers } from '../packages/listed-analyzers.js';
import { inferenceOf } from '../placement/place.js';
import { Scans } from '../placement/scans.js';
import { type Command, json, readArguments, UsageError } from './command.js';
import { table } from './summary.js';

const usage = `Usage: framepath modules [--json]

Lists the analyzers of this project and its packages: package.json, "framepath": { "analyzers": { "name": "./file.js" } }.
Used as analyzer('name'). Reports which of them cannot share a process with framepath or with one another.
`;

/** A listed analyzer in the output of the command. */
interface Listed extends ListedAnalyzer {
  language: 'JavaScript' | 'Python' | undefined;
}

interface Findings {
  analyzers: Listed[];
  /** analyzers that cannot share a process, with the reason */
  conflicts: string[];
}

/** Native code that each loads into a process; undefined for Python files. */
async function contentsOf(analyzers: readonly ListedAnalyzer[]): Promise<(Content | undefined)[]> {
  const scans = new Scans();
  return Promise.all(
    analyzers.map(async ({ name, file }) => {
      if (file === undefined || file.endsWith('.py')) return undefined;
      return contentOf(`'${name}'`, (await scans.of(file)).packages.values(), scans.native);
    }),
  );
}

async function list(): Promise<Findings> {
  const analyzers = listedAnalyzers(process.cwd());
  const contents = (await contentsOf(analyzers)).filter((one) => one !== undefined);
  const framepath = frameworkContent(inferenceOf(await loadSettings({})));
  const conflicts = contents.flatMap((coming, i) =>
    [framepath, ...contents.slice(0, i)].flatMap((present) => conflictBetween(present, coming) ?? []),
  );
  return { analyzers: analyzers.map((one) => ({ ...one, language: languageOf(one) })), conflicts };
}

const languageOf = ({ file }: ListedAnalyzer) =>
  file === undefined ? undefined : file.endsWith('.py') ? 'Python' : 'JavaScript';

function lines({ analyzers, conflicts }: Findings): string {
  if (analyzers.length === 0) return 'No package here lists an analyzer.\n';
  const rows = analyzers.map(({ name, package: from, version, language, file, problem }) => [
    name,
    `${from} ${version}`,
    language ?? '-',
    file ?? `cannot be used: ${problem}`,
  ]);
  return [
    table([['name', 'package', 'language', 'file'], ...rows]),
    ...(conflicts.length > 0
      ? ["conflicts, solved by isolation: 'process' or 'auto':\n", ...conflicts.map((conflict) => `  ${conflict}\n`)]
      : []),
  ].join('');
}

export const modules: Command = {
  summary: 'analyzers that packages list',
  usage,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, { json: { type: 'boolean' } });
    if (positionals.length > 0) throw new UsageError(`Expected no argument but received '${positionals[0]}'`);
    const found = await list();
    terminal.out(values.json ? json(found) : lines(found));
    return 0;
  },
};
