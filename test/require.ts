/**
 * What tests may skip without, and where they may not: with CI=true (or FRAMEPATH_REQUIRE=all) all of these must be there, with
 * FRAMEPATH_REQUIRE=addon,python those two. A test file that misses one then fails instead of skipping.
 */
export const requirements = {
  addon: 'the native addon (npm run setup)',
  models: 'the generated models (npm run setup)',
  runtime: 'ONNX Runtime (npm ci)',
  library: 'the compiled lib/ (npm run build)',
  ffmpeg: "FFmpeg's programs (apt-get install ffmpeg)",
  python: 'Python 3',
  simulator: 'the simulated GPU (cmake --build build --target simulator)',
} as const;

export type Requirement = keyof typeof requirements;

function isAsked(what: Requirement, env: NodeJS.ProcessEnv): boolean {
  const { FRAMEPATH_REQUIRE: asked, CI } = env;
  if (asked !== undefined) return asked === 'all' || asked.split(',').includes(what);
  return CI !== undefined && !['', '0', 'false'].includes(CI);
}

/** Whether a test can run: `found`, as it is. @throws when it was not found where it must be there */
export function required(what: Requirement, found: boolean, why = '', env = process.env): boolean {
  if (!found && isAsked(what, env))
    throw new Error(`Missing, and required here (CI, FRAMEPATH_REQUIRE): ${requirements[what]}${why && `. ${why}`}`);
  return found;
}
