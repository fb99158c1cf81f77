// scripts/gpu/suite: what a GPU does with framepath, in under 8 minutes. Every step runs in a process of its own and
// survives the failure of the others; the result is JSON and text.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, root, StepError } from '../steps/shell.mjs';
import { clipsIn, renderGpuClips } from './clips.mjs';
import { judge } from './measure/judge.mjs';
import { machineOf } from './measure/machine.mjs';
import { runStep } from './measure/run-step.mjs';
import { steps, suiteSeconds } from './measure/steps.mjs';
import { text } from './measure/text.mjs';

const usage = `Usage: scripts/gpu/suite [options]

  --device cuda:N      (cuda:0)
  --only NAME,...      these steps: ${steps.map(({ name }) => name).join(', ')}
  --quick              everything once and briefly: whether it works, not how fast
  --churn MINUTES      sources that join and leave for so long, and nothing else
  --clips FOLDER       the clips of a pack; without it they are rendered by ffmpeg
  --json FILE          write the result
  --text FILE          write what is printed

Exit status 0 when every step went well, whatever the targets are; 1 when one did not.
`;

function readOptions(args) {
  const string = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      device: { type: 'string', default: 'cuda:0' },
      only: string,
      quick: { type: 'boolean', default: false },
      churn: string,
      clips: string,
      json: string,
      text: string,
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',') ?? (values.churn ? ['churn'] : undefined);
  const unknown = only?.find((name) => !steps.some((step) => step.name === name));
  if (unknown !== undefined) throw new StepError(`There is no step '${unknown}'.\n\n${usage}`);
  if (!/^cuda:\d+$/.test(values.device))
    throw new StepError(`Expected cuda:N for --device but received '${values.device}'`);
  if (values.only && values.churn) throw new StepError(`--churn does nothing else: leave --only away.\n\n${usage}`);
  const churnMinutes = values.churn === undefined ? undefined : Number(values.churn);
  if (churnMinutes !== undefined && !(churnMinutes > 0))
    throw new StepError(`Expected minutes above 0 for --churn but received '${values.churn}'`);
  return { ...values, only, churnMinutes };
}

/** Runs the steps; resolves with the result. `progress` gets a line before each. */
async function suite({ device, quick, only, churnMinutes, clips }, progress) {
  const begun = performance.now();
  const spent = () => (performance.now() - begun) / 1000;
  const context = { device, quick, clips, ...(churnMinutes && { churnMinutes }) };
  const entries = [];
  for (const step of steps.filter(({ name }) => !only || only.includes(name))) {
    progress(`${step.name}: ${step.title}`);
    const left = churnMinutes ? churnMinutes * 60 + 120 : Math.min(step.seconds, suiteSeconds - spent());
    if (left < 5) {
      const error = `not run: the suite's ${suiteSeconds} s are over`;
      entries.push({ name: step.name, title: step.title, ok: false, seconds: 0, result: {}, error });
      continue;
    }
    entries.push(await runStep(step, context, left));
  }
  const machine = machineOf(entries);
  const date = new Date().toISOString();
  return { machine, date, seconds: spent(), quick, device, steps: entries, targets: judge(entries) };
}

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  // A pack has its clips beside the application.
  const packed = options.clips ?? (existsSync(join(root, '../clips')) ? join(root, '../clips') : undefined);
  const clips = packed ? clipsIn(packed) : renderGpuClips();
  const result = await suite({ ...options, clips }, (line) => process.stderr.write(`${line}\n`));
  const summary = text(result);
  process.stdout.write(summary);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 1)}\n`);
  if (options.text) writeFileSync(options.text, summary);
  return result.steps.every(({ ok }) => ok) ? 0 : 1;
});
