import { sumsIn } from './sums.mjs';

export const sums = sumsIn('host');
