// The main job on two sample clips: set-up, the clips, then the command line as a user would call it.
import { join } from 'node:path';
import { renderSamples } from './samples.mjs';
import { setUp } from './setup.mjs';
import { main, progress, root, runLoud } from './steps/shell.mjs';

const outputs = {
  '--out': 'demo/out.mp4',
  '--results': 'demo/results.jsonl',
  '--timeline': 'demo/timeline.json',
  '--report': 'demo/report.json',
  '--contact-sheet': 'demo/contact.jpg',
};

await main(async () => {
  await setUp();
  await renderSamples(join(root, 'demo'));
  const args = [
    'run',
    'demo/left.mp4',
    'demo/right.mp4',
    '--layout',
    'split',
    '--boxes',
    ...Object.entries(outputs).flat(),
  ];
  progress(`framepath ${args.join(' ')}`);
  return runLoud(process.execPath, ['lib/cli.js', ...args]);
});
