// Targets of the suite, as ratios within one run.

const one = (rows, name, contender = 'framepath') =>
  rows.find((row) => row.name === name && row.contender === contender && !row.skipped);

/** [{name, target, value, met}]; rows whose figures are missing are left out. */
export function targetsOf({ pipelines, ratios, stages, swscale, idle, start }) {
  const targets = [];
  const atLeast = (name, value, wanted) => {
    if (Number.isFinite(value)) targets.push({ name, target: `>= ${wanted}`, value, met: value >= wanted });
  };
  const atMost = (name, value, wanted) => {
    if (Number.isFinite(value)) targets.push({ name, target: `<= ${wanted}`, value, met: value <= wanted });
  };
  const ratio = (pipeline, against) => ratios.find((row) => row.pipeline === pipeline && row.against === against);

  for (const name of ['A', 'B']) {
    atLeast(`${name}: utilisation of the cores`, one(pipelines, name)?.utilisation, 0.97);
    atLeast(`${name}: efficiency`, one(pipelines, name)?.efficiency, 0.9);
  }
  for (const [against, wanted] of [
    ['ffmpeg-pipe', 1.5],
    ['node-av', 1.7],
    ['opencv', 2.4],
  ]) {
    atLeast(`A: frames/s against ${against}`, ratio('A', against)?.fps, wanted);
    atMost(`A: CPU per frame against ${against}`, ratio('A', against)?.cpu, 1);
  }
  atLeast('B: frames/s against node-av', ratio('B', 'node-av')?.fps, 2.1);

  const a = one(pipelines, 'A');
  if (a && idle) atMost('A: p99 of the event loop delay over idle, ms', a.eventLoopDelayMs.p99 - idle.p99, 2);
  if (start) atMost('open to first result, libraries loaded, ms', start.warmMs, 300);
  const [d, d1] = [one(pipelines, 'D'), one(pipelines, 'D1')];
  if (d && d1) {
    atMost('D: CPU per frame against one source', d.cpuSecondsPer1000 / d1.cpuSecondsPer1000, 1.05);
    atMost('D: memory per added 720p source, MB', (d.peakRssBytes - d1.peakRssBytes) / 7 / 1e6, 40);
  }
  analyzerTargets(stages, atLeast, atMost);
  identityTargets(one(pipelines, 'C'), a, stages, atMost);
  kernelTargets(swscale, atLeast, atMost);
  return targets;
}

/** Overhead of analyzers over all processes, and speed-up of a second instance. */
function analyzerTargets(stages, atLeast, atMost) {
  const row = (what) => stages.find(({ stage, case: name }) => stage === 'analyzer' && name === what);
  for (const [place, us] of [
    ['inline', 30],
    ['thread', 60],
    ['process', 150],
    ['python', 250],
  ])
    atMost(`analyzer ${place}: CPU per frame, us`, row(`asked, ${place}`)?.cpuMs * 1000, us);
  const [one, two] = [1, 2].map((n) => row(`work, ${n} instance${n > 1 ? 's' : ''}`)?.wallMs);
  atLeast('analyzer: throughput of 2 instances against 1', one / two, 1.9);
}

/** C against A: cost of tracking and identity. */
function identityTargets(c, a, stages, atMost) {
  if (!c?.insideMs || !a) return;
  const embedMs = stages.find(({ stage, case: what }) => stage === 'embed' && what === '1 crop')?.cpuMs;
  atMost('C: tracking, part of the CPU of A', c.insideMs.tracks / a.cpuSecondsPer1000, 0.02);
  if (embedMs === undefined || !c.reid) return;
  const identity = ['people', 'people.select', 'people.embed'].reduce((sum, name) => sum + (c.insideMs[name] ?? 0), 0);
  const expected = (c.reid.extracted / c.frames) * embedMs;
  atMost('C: identity over extraction rate x cost of an embedding', identity / expected, 1.1);
}

function kernelTargets(swscale, atLeast, atMost) {
  if (!swscale || swscale.skipped) return;
  const ms = (part, what, contender, isa) =>
    swscale[part].find((row) => row.case.startsWith(what) && row.contender === contender && (!isa || row.isa === isa))
      ?.ms;
  for (const [isa, bilinear, area] of [
    ['avx512', 3.5, 2.5],
    ['avx2', 2.5, 2],
  ]) {
    const box = (contender, of) => ms('letterbox', '1920x1080 to 256', contender, of);
    const ours = box('framepath', isa);
    atLeast(`letterbox 1080p to 256 (${isa}) against swscale bilinear`, box('swscale bilinear') / ours, bilinear);
    atLeast(`letterbox 1080p to 256 (${isa}) against swscale area`, box('swscale area') / ours, area);
  }
  for (const what of ['split', 'squeeze', 'contain']) {
    const ours = ms('compose', what, 'framepath');
    atMost(`compose two 1080p tiles (${what}) against a copy of the canvas`, ours / ms('compose', what, 'memcpy'), 1.3);
  }
  const squeeze = ms('compose', 'squeeze', 'framepath');
  atLeast('compose (squeeze) against scale + hstack', ms('compose', 'squeeze', 'lavfi scale + hstack') / squeeze, 8);
}
