import { createHash } from 'node:crypto';
import { defineAnalyzer } from '../../../../lib/index.js';

export const sums = defineAnalyzer({
  name: 'sums',
  input: { width: 1280, height: 720, memory: 'host' },
  analyze: ({ input }) => ({
    device: input.cuda ? `cuda:${input.cuda.device}` : 'cpu',
    hash: createHash('sha1').update(input.data).digest('hex'),
  }),
});
