import { defineConfig } from 'vitest/config';

/** Of framepath and of the packages of the workspace. */
const testsNamed = (pattern: string) => ['', 'packages/*/'].map((folder) => `${folder}test/**/${pattern}`);

export default defineConfig({
  // Packages of the workspace as they are written, not as they were compiled: what is tested is what was changed.
  resolve: { alias: { '@framepath/models': new URL('packages/models/src/index.ts', import.meta.url).pathname } },
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
          include: testsNamed('*.test.ts'),
          exclude: ['**/*.full.test.ts', '**/*.nightly.test.ts'],
          typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.test.json' },
        },
      },
      {
        extends: true,
        test: { name: 'full', include: testsNamed('*.full.test.ts'), testTimeout: 600_000 },
      },
      {
        extends: true,
        test: { name: 'nightly', include: testsNamed('*.nightly.test.ts'), testTimeout: 3_600_000 },
      },
    ],
  },
});
