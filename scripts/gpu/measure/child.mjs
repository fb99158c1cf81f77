// One step in a process of its own: argv[2] is its name, argv[3] the context (JSON). Findings go to standard output.
import { findings } from './result.mjs';

const [name, context] = process.argv.slice(2);
const { run } = await import(`./step-${name}.mjs`);
await run(
  JSON.parse(context),
  findings((line) => process.stdout.write(line)),
);
