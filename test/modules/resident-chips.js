// As chips, of crops that stay on the GPU where there is one.
import { defineAnalyzer } from 'framepath';
import { chips } from './chips.js';

export const residentChips = defineAnalyzer({ ...chips, input: { ...chips.input, memory: 'device' } });
