/** The table of stages that the sample of the README writes. */
import { expect } from 'vitest';

/** Names of its rows; every other cell must be a number. */
export function stagesIn(printed: string): string[] {
  const rows = printed
    .split('\n')
    .filter((line) => /^│ \d/.test(line))
    .map((line) => line.split('│').slice(2, -1));
  for (const [name, ...cells] of rows) {
    expect(cells.length, name).toBeGreaterThanOrEqual(4);
    for (const cell of cells) expect(cell.trim(), `${name} in:\n${printed}`).toMatch(/^\d+(\.\d+)?$/);
  }
  return rows.map(([name]) => name!.trim().replaceAll("'", ''));
}
