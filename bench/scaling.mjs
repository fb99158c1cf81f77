// Scaling curves from the rows of a run.

const sources = [
  ['D1', 1],
  ['D2', 2],
  ['D4', 4],
  ['D', 8],
];

/** A curve through the points with a figure; none for fewer than two points. */
function curve(name, unit, points) {
  const there = points.filter(([, y]) => Number.isFinite(y));
  return there.length < 2 ? [] : [{ name, unit, x: there.map(([x]) => x), y: there.map(([, y]) => y) }];
}

/** [{name, unit, x, y}]; "horizontal -> vertical" is the name of each. */
export function scalingOf({ pipelines, stages }) {
  const ours = (name) => pipelines.find((row) => row.name === name && row.contender === 'framepath' && !row.skipped);
  const bySource = (field) => sources.map(([name, count]) => [count, ours(name)?.[field]]);
  const byCase = (stage, pattern) =>
    stages
      .filter((row) => row.stage === stage && pattern.test(row.case))
      .map((row) => [Number(pattern.exec(row.case)[1]), row.cpuMs]);
  const megabytes = (points) => points.map(([x, bytes]) => [x, bytes / 1e6]);
  return [
    ...curve('720p sources -> frames in all', 'frames/s', bySource('fps')),
    ...curve('720p sources -> CPU', 'ms CPU a frame', bySource('cpuSecondsPer1000')),
    ...curve('720p sources -> peak memory', 'MB', megabytes(bySource('peakRssBytes'))),
    ...curve('crops in a batch -> CPU of a crop', 'ms CPU', byCase('embed', /^(\d+) crops? ?(?:batched)?$/)),
    ...curve('crops one by one -> CPU of a crop', 'ms CPU', byCase('embed', /^(\d+) crops? one by one$/)),
    ...curve('objects -> CPU of tracking', 'ms CPU a frame', byCase('track', /^(\d+) objects$/)),
  ];
}
