// npm run bench, framepath bench: kernels, stages alone, pipelines, in a clone others too; a table, a JSON file, a page.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { StepError } from '../scripts/steps/shell.mjs';
import { compare } from './against.mjs';
import { renderClips } from './clips.mjs';
import { comparison } from './comparison.mjs';
import { runKernels, runSwscale } from './kernels.mjs';
import { watchLoop } from './loop-delay.mjs';
import { machineFacts } from './machine.mjs';
import { runOptions } from './options.mjs';
import { page } from './page.mjs';
import { runPipelines } from './pipelines.mjs';
import { jobOf, median, runTrial } from './runner.mjs';
import { scalingOf } from './scaling.mjs';
import { runStages } from './stages.mjs';
import { tables } from './table.mjs';
import { targetsOf } from './targets.mjs';
import { traceLanes } from './timelines.mjs';

const parts = ['kernels', 'stages', 'A', 'B', 'C', 'D1', 'D2', 'D4', 'D', 'options'];

/** @throws TypeError for options that do not exist, StepError for values that do not fit */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
      json: { type: 'string' },
      html: { type: 'string' },
      against: { type: 'string' },
    },
  });
  if (values.only !== undefined && !parts.includes(values.only))
    throw new StepError(`Expected one of ${parts.join(', ')} for --only but received '${values.only}'`);
  if (values.against !== undefined && !existsSync(values.against))
    throw new StepError(`The earlier result ${values.against} does not exist`);
  return values;
}

/** Event loop delay of a process that does nothing. */
async function idleDelay() {
  const delay = watchLoop();
  await sleep(2000);
  return delay();
}

function noiseOf({ pipelines, stages }) {
  const rows = [...pipelines, ...stages].filter(({ others }) => others !== undefined);
  const shares = rows.map(({ others }) => others);
  return {
    othersCpu: shares.length ? median(shares) : null,
    worst: shares.length ? Math.max(...shares) : null,
    repeated: rows.reduce((sum, { repeated }) => sum + (repeated ?? 0), 0),
  };
}

/** Runs the suite; resolves with the result file's content. `log` is called with a line for every trial. */
export async function bench({ only, quick, 'no-peers': noPeers }, log) {
  const wants = (part) => only === undefined || only === part;
  const clips = renderClips();
  const rounds = quick ? 1 : 3;
  const withPeers = comparison !== undefined && !noPeers && ['A', 'B'].some(wants);
  if (withPeers) await comparison.installPeers(log);
  const { machine, versions } = await machineFacts();
  const result = { machine, date: new Date().toISOString(), quick, versions, idle: await idleDelay() };

  const asked = (part) => (wants('kernels') ? part() : { skipped: 'not asked for' });
  if (wants('kernels')) log('kernels');
  const perf = asked(runKernels);
  result.kernels = perf.kernels ?? [];
  if (perf.skipped) result.kernelsSkipped = perf.skipped;
  result.swscale = asked(() => runSwscale(clips));
  // Efficiency needs what the stages cost alone, in the same run.
  result.stages = ['kernels', 'options'].includes(only) ? [] : await runStages({ clips, rounds, only, log });
  const ran = await runPipelines({ clips, stages: result.stages, rounds, only, withPeers, log });
  Object.assign(result, ran);
  if (wants('options')) result.options = await runOptions({ clip: clips.faces1080, rounds: Math.min(2, rounds), log });
  const traced = [
    { pipeline: 'A', clips: [clips.faces1080] },
    { pipeline: 'B', clips: [clips.left1080, clips.right1080] },
  ];
  if (wants('A')) {
    result.start = await runTrial(jobOf('start.mjs', { clip: clips.faces1080 }));
  }
  result.timelines = await traceLanes(traced.filter(({ pipeline }) => wants(pipeline)));
  result.scaling = scalingOf(result);
  result.noise = noiseOf(result);
  result.targets = targetsOf(result);
  return result;
}

/** The command: runs, and writes table and files. `terminal` has out(text) and err(text). Resolves with the exit code. */
export async function main(args, terminal) {
  const options = readOptions(args);
  const begun = performance.now();
  const log = (text) => terminal.err(`[${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);
  const result = await bench(options, log);
  const earlier = options.against && JSON.parse(readFileSync(options.against, 'utf8'));
  terminal.out(tables(result));
  if (earlier) terminal.out(compare(result, earlier).text);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 1)}\n`);
  if (options.html) writeFileSync(options.html, page(result, earlier || undefined));
  return 0;
}
