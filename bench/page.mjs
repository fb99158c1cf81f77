// A result as one self-contained HTML page.
import { readFileSync } from 'node:fs';
import { safe } from './page/html.mjs';
import { header, noisePart, ratiosPart, skippedPart, targetsPart } from './page/overview.mjs';
import { againstPart, kernelsPart, optionsPart, scalingPart, stagesPart, timelinesPart } from './page/parts.mjs';
import { pipelinesPart } from './page/pipelines.mjs';
import { describe } from './result.mjs';

const asset = (name) => readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
const styles = asset('style.css') + asset('charts.css');
const script = asset('client.js');

const partsOf = [
  ['targets', 'Targets', targetsPart],
  ['ratios', 'Against the others', ratiosPart],
  ['pipelines', 'Pipelines', pipelinesPart],
  ['timelines', 'Time lines', timelinesPart],
  ['scaling', 'Scaling', scalingPart],
  ['stages', 'Stages', stagesPart],
  ['kernels', 'Kernels', kernelsPart],
  ['options', 'Options', optionsPart],
  ['skipped', 'Skipped', skippedPart],
  ['noise', 'Noise', noisePart],
];

/** The page of a result; with an earlier one also the changes since. */
export function page(result, earlier) {
  const parts = partsOf.map(([id, title, render]) => ({ id, title, html: render(result) }));
  if (earlier) parts.splice(2, 0, { id: 'against', title: 'Changes', html: againstPart(result, earlier) });
  const { machine, date } = describe(result);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>framepath bench, ${safe(date)}, ${safe(machine)}</title>
<style>${styles}</style>
</head>
<body>
${header(result, parts)}
<main>
${parts.map(({ html }) => html).join('\n')}
</main>
<script>${script}</script>
</body>
</html>
`;
}
