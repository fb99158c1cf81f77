/** What every test file of the API needs: the fake addon in place, models that exist, a folder of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratch(name: string): { folder: string; model: string } {
  const folder = mkdtempSync(join(tmpdir(), `framepath-${name}-`));
  const model = join(folder, 'model.onnx');
  writeFileSync(model, '');
  return { folder, model };
}
