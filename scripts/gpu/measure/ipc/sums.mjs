// Results of an analyzer in JavaScript for a picture: where it lies, and its hash.
import { createHash } from 'node:crypto';
import { defineAnalyzer } from '../../../../lib/index.js';

/** @param memory `'host'` or `'device'` */
export const sumsIn = (memory) =>
  defineAnalyzer({
    name: 'sums',
    input: { width: 1280, height: 720, memory },
    analyze: ({ input }) => ({
      device: input.cuda ? `cuda:${input.cuda.device}` : 'cpu',
      hash: createHash('sha1').update(input.data).digest('hex'),
    }),
  });
