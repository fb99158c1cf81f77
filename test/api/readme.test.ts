import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, decoded, facesClip, folderFor, root } from './clips.js';
import { stagesIn } from './stage-table.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const sample = /<!-- sample[^>]*-->\s*```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

describe('the sample of the README', () => {
  let folder: string;

  beforeAll(() => {
    folder = folderFor('readme');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/framepath'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });

  test('is there', () => {
    expect(sample).toContain("from 'framepath'");
    expect(sample).toContain('for await');
  });

  test('compiles as written', () => {
    const file = join(folder, 'sample.ts');
    writeFileSync(file, sample);
    const program = ts.createProgram([file], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      paths: { framepath: [join(root, 'src/index.ts')] },
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    });
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);
  }, 120_000);

  test.skipIf(!complete)(
    'runs as written',
    () => {
      facesClip(join(folder, 'left.mp4'));
      facesClip(join(folder, 'right.mp4'), { seconds: 2 });
      const script = ts.transpileModule(sample, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      writeFileSync(join(folder, 'sample.mjs'), script.outputText);
      const printed = execFileSync(process.execPath, ['sample.mjs'], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 120_000,
      });
      expect(stagesIn(printed)).toEqual(expect.arrayContaining(['faces', 'tracks', 'people', 'encode']));
      const out = decoded(join(folder, 'out.mp4'));
      expect(out).toMatchObject({ width: 1920, height: 1080, audio: true });
      expect(out.frames).toBeGreaterThanOrEqual(74);
    },
    180_000,
  );
});
