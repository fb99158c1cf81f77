// The last crops of every track: what they show, and how long each has been watched.
import { defineAnalyzer } from 'framepath';

const hashOf = (data) => data.reduce((hash, value) => (hash * 31 + value) % 1000003, 0);

export const windows = defineAnalyzer({
  name: 'windows',
  input: { of: 'tracks', window: 4, stride: 2, min: 2, width: 24, format: 'rgb24' },
  analyze: ({ input }, { tracks }) =>
    input.map(({ track, box, index, fresh, frames }) => ({
      track,
      box,
      index,
      fresh,
      sizes: frames.map(({ data, width, height, format }) => [data.length, width, height, format]),
      hashes: frames.map(({ data }) => hashOf(data)),
      same: tracks[index].track === track && box.every((side, i) => side === tracks[index].box[i]),
    })),
});
