/** The graph of an explanation as boxes and arrows. */
import type { ExplainedModule, Explanation } from './explanation.js';

/** A box: a title, and lines below it. */
export interface Box {
  id: string;
  kind: 'source' | 'module' | 'output';
  title: string;
  lines: string[];
}

/** An arrow; `pixels` arrows carry frames, the others results. */
export interface Arrow {
  from: string;
  to: string;
  pixels: boolean;
}

export interface Drawing {
  boxes: Box[];
  arrows: Arrow[];
}

function moduleBox({ name, kind, where, workers, maxBatch, stateful, model }: ExplainedModule): Box {
  const takes = stateful ? 'in order' : `batch ${maxBatch.value}`;
  const lines = [
    model ? `${kind} ${model.name}` : kind,
    model && model.provider !== 'cpu' ? `${where.value}, ${model.provider}` : where.value,
    `${takes}${workers.value > 1 ? `, ${workers.value} workers` : ''}`,
  ];
  return { id: `module ${name}`, kind: 'module', title: name, lines };
}

const fileName = (path: string): string => path.split('/').at(-1) || path;

/** One box for all sources: their arrows are the same. */
function sourceBox(sources: Explanation['sources']): Box {
  if (sources.length === 0)
    return { id: 'sources', kind: 'source', title: 'sources', lines: ['added while it runs, or pictures submitted'] };
  const title = sources.length === 1 ? 'source' : `${sources.length} sources`;
  const names = sources.map(({ id, what }) => (id === fileName(what) ? id : `${id}: ${fileName(what)}`));
  const more = names.length > 4 ? [`and ${names.length - 3} more`] : [];
  return { id: 'sources', kind: 'source', title, lines: [...names.slice(0, more.length > 0 ? 3 : 4), ...more] };
}

export function drawingOf({ sources, modules, compositions }: Explanation): Drawing {
  const boxes = [sourceBox(sources), ...modules.map(moduleBox)];
  const arrows: Arrow[] = [];
  for (const { name, depends, pixels } of modules) {
    const to = `module ${name}`;
    if (pixels || depends.length === 0) arrows.push({ from: 'sources', to, pixels });
    for (const dependency of depends) arrows.push({ from: `module ${dependency}`, to, pixels: false });
  }
  for (const { name, layout, reads, outputs } of compositions) {
    const id = `composition ${name}`;
    const title = compositions.length > 1 ? id : 'composition';
    boxes.push({ id, kind: 'output', title, lines: [layout] });
    arrows.push({ from: 'sources', to: id, pixels: true });
    for (const module of reads) arrows.push({ from: `module ${module}`, to: id, pixels: false });
    for (const output of outputs) {
      boxes.push({ id: `output ${output}`, kind: 'output', title: 'output', lines: [fileName(output)] });
      arrows.push({ from: id, to: `output ${output}`, pixels: true });
    }
  }
  return { boxes, arrows };
}
