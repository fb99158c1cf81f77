// npm run eval -- [--data DIR] [--json FILE]: tracking and identity quality on evaluation data that the project does not
// contain. DIR holds mot/, synth/ and tools/ (MOTChallenge text, a scorer); by default FRAMEPATH_EVAL_DATA, else ../shared/eval.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setUp } from './setup.mjs';
import { main, root, StepError } from './steps/shell.mjs';
import { ensureSystemPackages, python, scorerNeeds } from './steps/system-packages.mjs';

const { values: options } = parseArgs({ options: { data: { type: 'string' }, json: { type: 'string' } } });
const data = resolve(options.data ?? process.env.FRAMEPATH_EVAL_DATA ?? join(root, '..', 'shared', 'eval'));
const palaceFolder = join(data, 'mot', 'bytetrack-cpp-palace');

function folders(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

const referencesOf = (folder) =>
  (existsSync(join(folder, 'ref')) ? readdirSync(join(folder, 'ref')) : []).filter(
    (name) => name.endsWith('.txt') && !name.startsWith('motmetrics_'),
  );

function frameRate(folder) {
  const stated = /frameRate\s*=\s*([\d.]+)/.exec(readFileSync(join(folder, 'seqinfo.ini'), 'utf8'));
  if (!stated) throw new StepError(`${folder}/seqinfo.ini states no frameRate`);
  return Number(stated[1]);
}

async function loadAddon() {
  await ensureSystemPackages(scorerNeeds);
  await setUp();
  return (await import(join(root, 'lib', 'addon.js'))).loadAddon();
}

/** Motion only, on given detections. Returns jobs for the scorer: ours and every reference result. */
function trackSequences(addon, folder) {
  const jobs = [];
  const sequences = folders(join(data, 'mot')).filter((name) => existsSync(join(data, 'mot', name, 'gt', 'gt.txt')));
  for (const name of sequences) {
    const at = join(data, 'mot', name);
    const gt = join(at, 'gt', 'gt.txt');
    const res = join(folder, `mot-${name}.txt`);
    const detections = readFileSync(join(at, 'det', 'det.txt'), 'utf8');
    writeFileSync(res, addon.trackMot(detections, JSON.stringify({ fps: frameRate(at) })));
    jobs.push({ name: `mot/${name}`, group: 'mot', gt, res });
    for (const reference of referencesOf(at)) {
      const key = basename(reference, '.txt');
      jobs.push({ name: `mot/${name}/${key}`, group: `mot/${key}`, gt, res: join(at, 'ref', reference) });
    }
  }
  return { sequences, jobs };
}

/** One clip through the command line, as a user would run it. */
function runClip(clip, reid, folder) {
  const mot = join(folder, `${basename(clip, '.mp4')}-${reid}.txt`);
  const report = join(folder, `${basename(clip, '.mp4')}-${reid}.json`);
  const args = ['run', clip, '--detect', 'blazeface', '--reid', reid, '--mot', mot, '--report', report];
  const run = spawnSync(process.execPath, [join(root, 'lib', 'cli.js'), ...args], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new StepError(`framepath ${args.join(' ')} failed:\n${run.stderr}`);
  return { mot, reid: JSON.parse(readFileSync(report, 'utf8')).reid };
}

function runClips(folder) {
  const jobs = [];
  const counts = {};
  const clips = folders(join(data, 'synth')).filter((name) => existsSync(join(data, 'synth', `${name}.mp4`)));
  for (const name of clips) {
    const at = join(data, 'synth', name);
    const truth = { gt: join(at, 'gt', 'gt.txt'), full: join(at, 'gt', 'gt_full.txt') };
    for (const reid of ['conditional', 'always']) {
      process.stderr.write(`${name}, ${reid}\n`);
      const result = runClip(join(data, 'synth', `${name}.mp4`), reid, folder);
      if (reid === 'conditional') counts[name] = result.reid;
      jobs.push({ name: `synth/${name}/${reid}`, group: `synth/${reid}`, ...truth, res: result.mot });
    }
    for (const reference of referencesOf(at)) {
      const key = basename(reference, '.txt');
      jobs.push({ name: `synth/${name}/${key}`, group: `synth/${key}`, ...truth, res: join(at, 'ref', reference) });
    }
  }
  return { clips, jobs, counts };
}

/** Tracker updates a second with 20 objects, reading and writing the text included. */
function measureUpdates(addon) {
  const frames = 3000;
  const lines = [];
  for (let frame = 1; frame <= frames; frame++) {
    for (let object = 0; object < 20; object++) {
      const x = 90 * object + 40 * Math.sin(frame / 25 + object);
      const y = 300 + 250 * Math.sin(frame / 60 + 2 * object);
      lines.push(`${frame},-1,${x.toFixed(2)},${y.toFixed(2)},60,140,0.9`);
    }
  }
  const text = lines.join('\n');
  let best = 0;
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage();
    addon.trackMot(text, JSON.stringify({ fps: 30 }));
    const { user, system } = process.cpuUsage(start);
    best = Math.max(best, frames / ((user + system) / 1e6));
  }
  return Math.round(best);
}

function comparePalace(addon, folder) {
  const ref = join(palaceFolder, 'ref_bytetrack.py.txt');
  if (!existsSync(ref)) return undefined;
  const res = join(folder, 'palace.txt');
  const detections = readFileSync(join(palaceFolder, 'det.txt'), 'utf8');
  writeFileSync(res, addon.trackMot(detections, JSON.stringify({ fps: 30, association: 'bytetrack' })));
  return { res, ref };
}

function score(jobs, palace) {
  const input = JSON.stringify({ tools: join(data, 'tools'), jobs, palace });
  const run = spawnSync(python, [join(root, 'scripts', 'eval-score.py')], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new StepError(`the scorer failed:\n${run.stderr ?? run.error}`);
  return JSON.parse(run.stdout);
}

/** {bytetrack: {...}, sort: {...}} of a sequence or a group. */
function referencesIn(scores, prefix) {
  const own = new Set(['conditional', 'always']);
  return Object.fromEntries(
    Object.entries(scores)
      .filter(([name]) => name.startsWith(`${prefix}/`) && name.slice(prefix.length + 1).split('/').length === 1)
      .map(([name, figures]) => [name.slice(prefix.length + 1), figures])
      .filter(([key]) => !own.has(key)),
  );
}

function print(result) {
  const cell = (figures) => (figures ? `${figures.idf1.toFixed(1)} / ${figures.idsw}` : '').padStart(13);
  const row = (name, cells) => console.log(`${name.padEnd(18)}${cells.join('')}`);
  console.log('\nMotion only, IDF1 / ID switches');
  row(
    '',
    ['framepath', 'bytetrack', 'ocsort', 'sort'].map((name) => name.padStart(13)),
  );
  const tracked = (entry) =>
    [entry, entry.references.bytetrack, entry.references.ocsort, entry.references.sort].map(cell);
  for (const entry of result.mot) row(entry.sequence, tracked(entry));
  if (result.motPooled) row('pooled', tracked(result.motPooled));

  console.log('\nEnd to end, IDF1 / ID switches');
  const columns = ['conditional', 'always', 'bytetrack', 'embedded'];
  row(
    '',
    columns.map((name) => name.padStart(13)),
  );
  for (const entry of [...result.synth, ...(result.synthPooled ? [{ name: 'pooled', ...result.synthPooled }] : [])]) {
    const always = { idf1: entry.idf1Always, idsw: entry.idswAlways };
    const share = `${((100 * entry.extracted) / Math.max(1, entry.detections)).toFixed(1)} %`;
    const reference = entry.references['blazeface-back-256.bytetrack'];
    row(entry.name, [cell(entry), cell(always), cell(reference), share.padStart(13)]);
  }
  if (result.palace.agreement !== null) {
    console.log(`\nByteTrack as published: ${result.palace.agreement} % of rows have consistent ids`);
  }
  console.log(`Tracker updates a second, 20 objects, text included: ${result.updatesPerSecond}`);
}

await main(async () => {
  if (!existsSync(join(data, 'tools', 'mot_eval.py'))) {
    throw new StepError(`no evaluation data in ${data}; name its folder with --data or FRAMEPATH_EVAL_DATA`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'framepath-eval-'));
  try {
    const addon = await loadAddon();
    const { sequences, jobs: motJobs } = trackSequences(addon, folder);
    const palace = comparePalace(addon, folder);
    const updatesPerSecond = measureUpdates(addon);
    const { clips, jobs: synthJobs, counts } = runClips(folder);
    const scores = score([...motJobs, ...synthJobs], palace);
    const synthEntry = (conditional, always, references, reid) => ({
      ...conditional,
      detections: reid.detections,
      extracted: reid.extracted,
      idf1Always: always.idf1,
      idswAlways: always.idsw,
      references,
    });
    const sum = (key) => clips.reduce((total, name) => total + counts[name][key], 0);
    const result = {
      mot: sequences.map((sequence) => ({
        sequence,
        ...scores.jobs[`mot/${sequence}`],
        references: referencesIn(scores.jobs, `mot/${sequence}`),
      })),
      motPooled: scores.groups.mot && { ...scores.groups.mot, references: referencesIn(scores.groups, 'mot') },
      synth: clips.map((name) => {
        const at = `synth/${name}`;
        const references = referencesIn(scores.jobs, at);
        return {
          name,
          ...synthEntry(scores.jobs[`${at}/conditional`], scores.jobs[`${at}/always`], references, counts[name]),
        };
      }),
      synthPooled: clips.length
        ? synthEntry(
            scores.groups['synth/conditional'],
            scores.groups['synth/always'],
            referencesIn(scores.groups, 'synth'),
            { detections: sum('detections'), extracted: sum('extracted') },
          )
        : undefined,
      palace: { agreement: scores.palace ?? null },
      updatesPerSecond,
    };
    print(result);
    if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
