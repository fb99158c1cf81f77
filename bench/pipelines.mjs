// The pipelines of the suite, and the figures computed from their trials.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { agreement } from './agreement.mjs';
import { comparison } from './comparison.mjs';
import { compete, jobOf, median, spread } from './runner.mjs';

const cores = availableParallelism();

/**
 * What is run. `alone`: which stages, measured alone, make up a frame of it, as [thread name, stage case, times].
 * Threads carry the name of their stage; `decode` stands for decode.0, decode.1 ...
 */
const catalogue = (clips) => [
  {
    name: 'A',
    title: '1080p file: decode, detect on every frame',
    clips: [clips.faces1080],
    rival: true,
    alone: [
      ['decode', 'decode 1080p 2 threads', 1],
      ['faces', 'detect', 1],
    ],
  },
  {
    name: 'B',
    title: 'two 1080p files: decode, detect, split screen with boxes, H.264 (x264 veryfast, crf 21)',
    clips: [clips.left1080, clips.right1080],
    rival: true,
    output: true,
    alone: [
      ['decode', 'decode 1080p 1 thread', 2],
      ['faces', 'detect', 2],
      ['compose', 'compose squeeze', 1],
      ['encode', 'encode balanced', 1],
    ],
  },
  {
    name: 'C',
    title: 'A with tracking and identities (conditional embedding)',
    clips: [clips.faces1080],
    alone: [
      ['decode', 'decode 1080p 2 threads', 1],
      ['faces', 'detect', 1],
    ],
  },
  ...[
    ['D1', 'one 720p file: decode, detect', 1],
    ['D2', 'two 720p files through one detector lane', 2],
    ['D4', 'four', 4],
    ['D', 'eight', 8],
  ].map(([name, title, count]) => ({
    name,
    title,
    clips: Array(count).fill(clips.faces720),
    options: { video: { endMs: 10_000 } },
    alone: [
      ['decode', `decode 720p ${count > 1 ? '1 thread' : '2 threads'}`, 1],
      ['faces', 'detect 720p', 1],
    ],
  })),
];

/** Frame time of stage cases measured alone, in CPU ms; undefined where one is missing. */
function aloneMs(stages, key) {
  return stages.find((row) => `${row.stage} ${row.case}`.trim() === key)?.cpuMs;
}

/** CPU ms a frame by stage in one trial: threads summed by what comes before the first dot, and by whole name. */
function insideMs({ threadMs, frames }) {
  const sums = {};
  for (const [thread, ms] of Object.entries(threadMs)) {
    const stage = /^(decode|av:)/.test(thread) ? 'decode' : thread;
    sums[stage] = (sums[stage] ?? 0) + ms / frames;
  }
  return sums;
}

function inflationOf({ alone }, trials, stages) {
  return alone.flatMap(([stage, key, times]) => {
    const one = aloneMs(stages, key);
    const inside = median(trials.map((trial) => insideMs(trial)[stage] ?? 0));
    return one === undefined ? [] : [{ stage, aloneMs: one * times, insideMs: inside, ratio: inside / (one * times) }];
  });
}

/** The row of one contender in the result file. */
function row(job, name, settings, result, stages) {
  const about = { name: job.name, title: job.title, contender: name, settings };
  if (result.skipped) return { ...about, skipped: result.skipped };
  const { trials, noisy } = result;
  const fps = trials.map(({ frames, wallMs }) => (frames / wallMs) * 1000);
  const middle = trials.find((_, i) => fps[i] === median(fps)) ?? trials[0];
  const cpuPerFrame = trials.map(({ cpuMs, frames }) => cpuMs / frames);
  const delays = trials.map((trial) => trial.eventLoopDelayMs).filter(Boolean);
  const ours = name.startsWith('framepath');
  const sum = ours ? job.alone.map(([, key, times]) => (aloneMs(stages, key) ?? Number.NaN) * times) : [];
  const aloneSum = sum.reduce((a, b) => a + b, 0);
  const efficiency = median(trials.map(({ wallMs, frames }) => aloneSum / cores / (wallMs / frames)));
  return {
    ...about,
    trials: trials.length,
    frames: middle.frames,
    fps: median(fps),
    fpsSpread: spread(fps),
    cpuSecondsPer1000: median(cpuPerFrame),
    peakRssBytes: median(trials.map(({ peakRssBytes }) => peakRssBytes)),
    eventLoopDelayMs: delays.length
      ? { p50: median(delays.map(({ p50 }) => p50)), p99: median(delays.map(({ p99 }) => p99)) }
      : null,
    firstResultMs: typeof middle.firstResultMs !== 'number' ? null : median(trials.map((trial) => trial.firstResultMs)),
    utilisation: median(trials.map(({ cpuMs, wallMs }) => cpuMs / (wallMs * cores))),
    efficiency: ours && Number.isFinite(efficiency) ? efficiency : null,
    inflation: ours ? inflationOf(job, trials, stages) : [],
    stages: middle.stages ?? [],
    insideMs: ours ? insideMs(middle) : null,
    reid: middle.reid ?? null,
    noisy,
    others: median(trials.map(({ others }) => others)),
    repeated: result.repeated,
    agreement: null,
  };
}

/** Ours in the forms that are compared, and the peers that can run the job. */
async function contendersOf(job, { folder, withPeers }) {
  const published = job.rival ? await comparison?.publishedModel() : undefined;
  const forms = [{ name: 'framepath', job: {} }];
  if (job.name === 'A' && published) forms.push({ name: 'framepath (published model)', job: { model: published } });
  const give = { pipeline: job.name, clips: job.clips, options: job.options };
  const files = (name) => ({
    ...(job.rival && { detections: join(folder, `${job.name}-${name.replace(/\W+/g, '-')}.jsonl`) }),
    ...(job.output && { out: join(folder, `${job.name}-${name.replace(/\W+/g, '-')}.mp4`) }),
  });
  const contenders = forms.map(({ name, job: more }) => ({
    name,
    settings: name === 'framepath' ? 'defaults' : 'defaults, the model file as published',
    ...files(name),
    command: jobOf('trial.mjs', { ...give, ...more, ...files(name) }),
  }));
  const peers = comparison?.peers ?? [];
  for (const peer of peers.filter(({ pipelines }) => pipelines.includes(job.name))) {
    const reason = withPeers ? await peer.available() : 'peers were left out (--no-peers)';
    const work = { ...give, model: published, ...files(peer.name) };
    const about = { name: peer.name, settings: peer.settings, detects: peer.detects, ...files(peer.name) };
    contenders.push(reason ? { ...about, skipped: reason } : { ...about, command: peer.command(work) });
  }
  return contenders;
}

/**
 * Runs the pipelines named (all: `only` undefined); resolves with the rows and the ratios to peers.
 * @param stages the stage rows of the same run: what efficiency is computed from
 */
export async function runPipelines({ clips, stages, rounds, only, withPeers, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'framepath-bench-'));
  const rows = [];
  try {
    for (const job of catalogue(clips).filter(({ name }) => !only || only === name)) {
      const contenders = await contendersOf(job, { folder, withPeers });
      const results = await compete(
        contenders.filter(({ skipped }) => !skipped),
        {
          rounds,
          measure: ({ frames, wallMs }) => frames / wallMs,
          log: (what) => log(`pipeline ${job.name}: ${what}`),
        },
      );
      for (const contender of contenders) {
        const { name, settings, detections, skipped } = contender;
        const one = row(job, name, settings, skipped ? { skipped } : results.get(name), stages);
        if (contender.detects !== false && detections && !one.skipped && name !== 'framepath')
          one.agreement = agreement(contenders[0].detections, detections);
        rows.push(one);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { pipelines: rows, ratios: ratiosOf(rows) };
}

function ratiosOf(rows) {
  return rows.flatMap((theirs) => {
    const ours = rows.find(({ name, contender }) => name === theirs.name && contender === 'framepath');
    if (!ours || ours === theirs || ours.skipped || theirs.skipped) return [];
    return [
      {
        pipeline: theirs.name,
        against: theirs.contender,
        fps: ours.fps / theirs.fps,
        cpu: ours.cpuSecondsPer1000 / theirs.cpuSecondsPer1000,
      },
    ];
  });
}
