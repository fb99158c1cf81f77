import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Tests share two cores with the pipelines they start.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.full.test.ts', 'test/**/*.nightly.test.ts'],
          typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.test.json' },
        },
      },
      { extends: true, test: { name: 'full', include: ['test/**/*.full.test.ts'], testTimeout: 600_000 } },
      { extends: true, test: { name: 'nightly', include: ['test/**/*.nightly.test.ts'], testTimeout: 3_600_000 } },
    ],
  },
});
