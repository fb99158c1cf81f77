// The stages of a pipeline measured alone, each trial in a process of its own (stage-trial.mjs).
import { loadAddon } from '../lib/addon.js';
import { loadSettings } from '../lib/config.js';
import { resolveModel } from '../lib/model-file.js';
import { runtimeLibraries } from '../lib/runtime-library.js';
import { analyzerRows } from './analyzers.mjs';
import { measureResults } from './boundary.mjs';
import { compete, jobOf, median, spread } from './runner.mjs';

const fullHd = { width: 1920, height: 1080 };
const profiles = ['realtime', 'streaming', 'balanced', 'quality', 'archival'];

/**
 * The cases: [{stage, case, request, inPipelines}]. `request` is what the addon measures (StageRequest of schema/requests.mjs);
 * `inPipelines`: compared with the cost of whole pipelines.
 * @param clips {faces1080, faces720, left1080, right1080, mosaic1080}: paths
 * @param models {detect, embed}: {name, file} each
 * @param quick half a second each instead of one
 */
export function stageCases({ clips, models, quick = false }) {
  const common = { minSeconds: quick ? 0.5 : 1 };
  const inPipelines = true;
  const sizes = [
    ['1080p', clips.faces1080],
    ['720p', clips.faces720],
  ];
  const cases = [];
  const add = (stage, title, request, more = {}) =>
    cases.push({ stage, case: title, request: { stage, ...common, ...request }, ...more });

  for (const [size, clip] of sizes) {
    const half = { clip, endMs: 10_000 };
    add('decode', `${size} 1 thread`, { ...half, threads: 1 }, { inPipelines });
    add('decode', `${size} 2 threads`, { ...half, threads: 2 }, { inPipelines });
  }
  for (const [size, clip] of sizes) add('letterbox', size, { clip, model: models.detect });
  add('detect', '', { clip: clips.faces1080, model: models.detect }, { inPipelines });
  add('detect', '720p', { clip: clips.faces720, model: models.detect }, { inPipelines });

  const embed = { clip: clips.faces1080, model: models.embed };
  add('embed', '1 crop', { ...embed, crops: 1 }, { inPipelines });
  for (const crops of [4, 8, 16]) add('embed', `${crops} crops batched`, { ...embed, crops });
  for (const crops of [4, 16]) add('embed', `${crops} crops one by one`, { ...embed, crops, batched: false });

  for (const objects of [5, 20, 100, 500]) add('track', `${objects} objects`, { objects });

  const both = { clips: [clips.left1080, clips.right1080], ...fullHd };
  for (const layout of ['split', 'squeeze', '2x2', '4x4', 'follow'])
    add('compose', layout, { ...both, layout }, { inPipelines: layout === 'squeeze' });

  const encode = { clip: clips.mosaic1080, ...fullHd, fps: 30 };
  for (const profile of profiles)
    add('encode', profile, { ...encode, profile }, { inPipelines: profile === 'balanced' });
  for (const codec of ['hevc', 'av1']) add('encode', `${codec} realtime`, { ...encode, codec, profile: 'realtime' });

  add('results', 'for await', { results: quick ? 5000 : 10_000 });
  return cases;
}

/** Runs one case in this process and writes the trial's line: {stage, case, unit, items, wallMs, cpuMs, ...facts}, totals. */
export async function runStageCase({ stage, case: title, request }) {
  const figures =
    stage === 'results'
      ? await measureResults(request)
      : JSON.parse(await loadAddon().benchStage(JSON.stringify({ runtimeLibraries: runtimeLibraries(), ...request })));
  process.stdout.write(`${JSON.stringify({ ...figures, stage, case: title })}\n`);
}

async function registryModels() {
  const { modelsFolder } = await loadSettings({});
  return {
    detect: resolveModel('blazeface', modelsFolder.value),
    embed: resolveModel('face-recognition', modelsFolder.value),
  };
}

const perItem = ({ cpuMs, items }) => cpuMs / items;

/** A row of the result file out of a case's trials: medians per unit. */
function row({ stage, case: title }, { trials, skipped, noisy, repeated }) {
  if (skipped) return { stage, case: title, skipped };
  const { cpuMs, wallMs, items, unit, others, ...facts } = trials[0];
  return {
    ...facts,
    stage,
    case: title,
    unit,
    items: median(trials.map((trial) => trial.items)),
    cpuMs: median(trials.map(perItem)),
    wallMs: median(trials.map((trial) => trial.wallMs / trial.items)),
    spread: spread(trials.map(perItem)),
    noisy,
    others: median(trials.map((trial) => trial.others)),
    repeated,
  };
}

/**
 * Rows of all cases, or of those that whole pipelines are compared with when `only` is a pipeline. Those get two trials,
 * the others one: each goes over its work many times.
 */
export async function runStages({ clips, rounds, only, log }) {
  const all = stageCases({ clips, models: await registryModels(), quick: rounds === 1 });
  const wanted = only === undefined || only === 'stages' ? all : all.filter(({ inPipelines }) => inPipelines);
  const nameOf = (one) => `${one.stage} ${one.case}`.trim();
  const measured = (cases, most) => {
    const contenders = cases.map((one) => ({ name: nameOf(one), command: jobOf('stage-trial.mjs', one) }));
    return compete(contenders, { rounds: Math.min(most, rounds), measure: perItem, log });
  };
  const results = new Map([
    ...(await measured(
      wanted.filter(({ inPipelines }) => inPipelines),
      2,
    )),
    ...(await measured(
      wanted.filter(({ inPipelines }) => !inPipelines),
      1,
    )),
  ]);
  const rows = wanted.map((one) => row(one, results.get(nameOf(one))));
  return wanted === all ? [...rows, ...(await analyzerRows({ rounds: Math.min(2, rounds), log }))] : rows;
}
