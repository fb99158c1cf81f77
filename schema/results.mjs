// What modules find in a frame, as JavaScript and JSON Lines have it.
import { alias, integer, list, number, ref, result, text, tuple, union } from './build.mjs';
import { named } from './enums.mjs';

const { TrackMark } = named;

export const box = alias('Box', '`[x1, y1, x2, y2]`, pixels of the frame', {
  ...list(number({ decimals: 3 }), { min: 4, max: 4 }),
  'x-names': ['x1', 'y1', 'x2', 'y2'],
});

const mask = result(
  'Mask',
  'Which pixels of the frame an object covers, as COCO writes it: `pycocotools.mask.decode` and others read it',
  {
    size: tuple(
      [
        ['height', integer({ min: 0 })],
        ['width', integer({ min: 0 })],
      ],
      { doc: 'the frame' },
    ),
    counts: text({ doc: 'run lengths down the columns, compressed' }),
  },
);

const detection = result(
  'Detection',
  'One detected object',
  {
    box: ref(box),
    score: number({ doc: '0 to 1' }),
    class: integer({ doc: "position of the class in the model's list" }),
    label: text({ doc: 'name of the class, where the model or its facts have it' }),
    keypoints: list(
      tuple([
        ['x', number({})],
        ['y', number({})],
      ]),
      { doc: 'points of the model, in its order, in pixels of the frame' },
    ),
    keypointScores: list(number({}), { doc: 'how sure the model is of each keypoint, 0 to 1; of pose models' }),
    mask: ref(mask, { doc: 'of segmentation models, inside the box' }),
  },
  { optional: ['label', 'keypoints', 'keypointScores', 'mask'] },
);

const track = result(
  'Track',
  'One tracked object seen in a frame',
  {
    track: integer({ min: 0, cpp: 'int64_t', doc: 'unique inside its source, never changes' }),
    box: ref(box),
    score: number({}),
    detection: integer({
      min: 0,
      doc: "position of its detection in the detector's list; absent when it is only predicted",
    }),
    marks: list(ref(TrackMark), { doc: 'what the tracker noticed in this frame' }),
  },
  { optional: ['detection'] },
);

const person = result(
  'Person',
  'One person seen in a frame',
  {
    track: integer({ min: 0, cpp: 'int64_t', doc: 'motion track inside its source, never changes' }),
    id: integer({ min: 1, doc: 'identity as known now, over all sources; absent until settled' }),
    box: ref(box),
    score: number({}),
    detection: integer({ min: 0, doc: "position of the detection in the detector's list; absent when only predicted" }),
  },
  { optional: ['id', 'detection'] },
);

const classification = result(
  'Classification',
  'One class of a classified frame or box',
  { class: integer({}), label: text(), score: number({}) },
  { optional: ['label'] },
);

const boxClasses = result(
  'BoxClasses',
  'The classes of one box of another module',
  {
    box: ref(box),
    track: integer({ min: 0, cpp: 'int64_t', doc: "its motion track; absent where the boxes are a detector's" }),
    classes: list(ref(classification), {
      doc: 'best first; empty when the box is too small or has not been looked at yet',
    }),
  },
  { optional: ['track'] },
);

const tensor = result('Tensor', 'One output of a raw model', {
  dims: list(integer({ min: 0 })),
  data: list(number({}), { ts: 'Float64Array', doc: 'row-major; a list in JSON Lines' }),
});

export const aliases = [box];
/** Written by JavaScript, from packed results. */
export const values = [mask, detection, track, person, classification, boxClasses, tensor];

/** Which identities turned out to be the same person, once a run is over. */
export const relink = result('Relink', 'Which identities turned out to be the same person', {
  merged: list(
    tuple([
      ['online', integer({ min: 0 })],
      ['final', integer({ min: 0 })],
    ]),
    { doc: 'online id, final id' },
  ),
});

const frameLine = {
  ...result('FrameLine', 'A frame and the value of every module, null where it has none', {
    source: text(),
    index: integer({ min: 0, cpp: 'int64_t', doc: 'position in its source, counted before stride and limits of rate' }),
    timeMs: number({ doc: 'time in its source, milliseconds from `startMs`' }),
  }),
  additionalProperties: {
    description: `Of modules that come with framepath, a list of Detection, Track, Person, Classification, BoxClasses or Tensor
      ($defs); of an analyzer, what it returned`,
  },
};
const relinkLine = result('RelinkLine', 'The last line of a run that identifies people', { relink: ref(relink) });

export const lines = [frameLine, relinkLine];
/** A line of `.results(path)`. */
export const line = union('ResultLine', 'A line of JSON Lines', lines, undefined);
