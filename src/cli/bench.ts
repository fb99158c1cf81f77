/** `framepath bench`: runs the bench suite in bench/ of the package. */
import { FramepathError } from '../errors.js';
import { type Command, UsageError } from './command.js';

const usage = `Usage: framepath bench [options]

Measures kernels, stages alone and whole pipelines; in a clone of the repository also the alternatives, on the same clips and
model.

  --only NAME      one part: kernels, stages, options, or a pipeline: A, B, C, D1, D2, D4, D
  --quick          one trial of each instead of three
  --no-peers       in a clone: framepath alone
  --json FILE      write the result
  --html FILE      write the result as an HTML page
  --against FILE   compare with the --json of an earlier run
`;

/** The exports of bench/suite.mjs. */
interface Suite {
  readOptions(args: string[]): unknown;
  main(args: string[], to: { out(text: string): void; err(text: string): void }): Promise<number>;
}

export const bench: Command = {
  summary: 'measure kernels, stages and pipelines',
  usage,
  async run(args, terminal) {
    const suite = (await import(new URL('../../bench/suite.mjs', import.meta.url).href)) as Suite;
    try {
      suite.readOptions(args);
    } catch (error) {
      throw new UsageError((error as Error).message.split('. ')[0]);
    }
    try {
      return await suite.main(args, terminal);
    } catch (error) {
      // Messages of StepError are for the user: a clip that cannot be rendered, a program that is missing.
      if ((error as Error).name === 'StepError')
        throw new FramepathError('INVALID_ARGUMENT', (error as Error).message, { cause: error });
      throw error;
    }
  },
};
