export type { Served } from './worker-slot-figures.js';
