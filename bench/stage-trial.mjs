// One stage alone in a process of its own: argv[2] is the case (JSON), standard output is the trial's line.
import { runStageCase } from './stages.mjs';

await runStageCase(JSON.parse(process.argv[2]));
