/** An explanation for the terminal. */
import type { Decided } from '../config.js';
import type { Decision } from '../generated/plan.js';
import type { ExplainedModule, Explanation } from './explanation.js';

/** `2 (call)`; a default is just `2`. */
const decidedText = ({ value, from }: Decided<unknown>): string =>
  from === 'default' ? `${value}` : `${value} (${from})`;

/** What a source or an output has that is not a default. */
function decisionsText(plan: object): string {
  const decisions = Object.entries(plan as Record<string, Partial<Decision<unknown>> | undefined>)
    .filter(([, decision]) => decision?.by !== undefined && decision.by !== 'default' && decision.value !== null)
    .map(([name, decision]) => `${name} ${decision!.value} (${decision!.why})`);
  return decisions.length > 0 ? `  ${decisions.join(', ')}\n` : '';
}

function moduleText(module: ExplainedModule): string {
  const { name, kind, depends, pixels, stateful, where, workers, maxBatch, stride, onError, model } = module;
  const reads = [...depends, ...(pixels ? ['pixels'] : [])].join(', ') || 'nothing';
  const together = `up to ${decidedText(maxBatch)} at once, any source`;
  const order = stateful ? `each source in order${model ? `, crops of frames ${together}` : ''}` : together;
  const lines = [
    `${name}: ${kind}${model ? ` ${model.name}` : ''}`,
    `  reads    ${reads}`,
    `  runs on  ${decidedText(where)}${model && model.provider !== 'cpu' ? `, by ${model.provider}` : ''}`,
    `  takes    ${order}; workers ${decidedText(workers)}${stride.value === 1 ? '' : `; every frame of ${decidedText(stride)}`}`,
    ...(onError.value === 'fail' ? [] : [`  fails    ${decidedText(onError)}`]),
    ...(model ? [`  model    ${model.file}, head ${model.head}, ${model.size.join('x')}`] : []),
    ...(model?.falls ?? []).map(({ provider, reason }) => `           not ${provider}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Modules in the order in which they run, then what decided the settings. */
export function explanationText(explanation: Explanation): string {
  const { settings, device, sources, modules, compositions, disabled, warnings, plan } = explanation;
  const decidedBy = Object.entries(settings)
    .filter(([, { value }]) => value !== undefined)
    .map(([name, { value, from }]) => `  ${name}: ${Array.isArray(value) ? value.join(', ') : value}  (${from})\n`);
  return [
    `device: ${device.value} (${device.from})\n`,
    ...sources.map(({ id, what }, i) => `source ${id}: ${what}\n${decisionsText(plan.sources[i]!)}`),
    '\n',
    ...modules.map((module) => `${moduleText(module)}\n`),
    ...disabled.map(({ name, why }) => `${name}: disabled (${why})\n\n`),
    ...compositions.flatMap(({ name, layout, reads }, i) => [
      `composition${compositions.length > 1 ? ` ${name}` : ''}: ${layout}, reads ${['pixels', ...reads].join(', ')}\n`,
      ...plan.compositions[i]!.outputs.map((output) => `output: ${output.name}\n${decisionsText(output)}`),
    ]),
    'settings:\n',
    ...decidedBy,
    ...(warnings.length > 0 ? ['warnings:\n', ...warnings.map((warning) => `  ${warning}\n`)] : []),
  ].join('');
}
