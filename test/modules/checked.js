// Its value is checked and changed where it runs: what crosses is what the schema gives.
import { defineAnalyzer } from 'framepath';

const schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      value.index >= 0 && value.index < 5
        ? { value: { number: value.index + 1 } }
        : { issues: [{ message: 'Expected an index below 5', path: ['index'] }] },
  },
};

export const checked = defineAnalyzer({
  name: 'checked',
  schema,
  // A function cannot cross: the schema leaves it out.
  analyze: ({ index }) => ({ index, own: () => 1 }),
});
