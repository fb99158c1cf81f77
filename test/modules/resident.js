// As brightness, of pixels that stay on the GPU where there is one.
import { defineAnalyzer } from 'framepath';
import { brightness } from './brightness.js';

export const resident = defineAnalyzer({
  ...brightness,
  name: 'resident',
  input: { ...brightness.input, memory: 'device' },
  analyze: (frame) => ({
    ...brightness.analyze(frame),
    on: frame.input.cuda ? `cuda:${frame.input.cuda.device}` : 'cpu',
  }),
});
