// The public types as docs/api-report.md has them: whoever changes them shows it in review.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apiReport, reportFile } from '../scripts/api-report.mjs';

test('the public types are those of docs/api-report.md; after a change of them: node scripts/api-report.mjs', () => {
  expect(apiReport()).toBe(readFileSync(reportFile, 'utf8'));
});
