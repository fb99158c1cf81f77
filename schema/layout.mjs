// Layouts: where sources go on the canvas, and what is drawn and hidden there.
import { flag, integer, list, number, object, ref, text } from './build.mjs';
import { named } from './enums.mjs';

const { Fit, FollowPick, LayoutKind, RedactKind, WhenEnded } = named;

export const followValues = object('FollowValues', 'How a tile follows somebody', {
  zoom: number({ min: 1, max: 100, default: 3, doc: 'height of the crop in heights of the followed box' }),
  minHoldMs: number({ min: 0, default: 1500, doc: 'the followed person is not changed more often' }),
  responseMs: number({ min: 0, default: 600, doc: 'time in which the crop closes 63 % of a step' }),
});

export const follow = object(
  'FollowSpec',
  'Whom a tile follows, and how',
  {
    module: text(),
    pick: ref(FollowPick),
    value: integer({ min: 0, default: 0, doc: 'a rank, or an identity' }),
  },
  { required: ['module', 'pick'], also: [followValues] },
);

export const tile = object(
  'TileSpec',
  'What a tile shows, and where',
  {
    source: integer({ min: -1, doc: 'its position among the sources; -1: none yet, the tile is `reserved`' }),
    reserved: text({ doc: 'id of the source that the tile is kept for' }),
    rect: list(number({ min: -1e6, max: 1e6, cpp: 'float' }), {
      min: 4,
      max: 4,
      absent: 'computed by the layout',
      doc: '`[x1, y1, x2, y2]`, pixels of the canvas',
    }),
    fit: ref(Fit, { default: 'cover' }),
    z: integer({ min: -1000, max: 1000, default: 0, doc: 'higher is in front' }),
    alpha: number({ min: 0, max: 1, cpp: 'float', default: 1 }),
    follow: ref(follow),
  },
  { required: ['source'] },
);

export const redactValues = object('RedactValues', 'How the boxes of a module are hidden', {
  kind: ref(RedactKind, { default: 'pixelate' }),
  margin: number({ min: 0, max: 10, default: 0.25, doc: 'the box is grown by this part of its size' }),
  strength: number({
    min: 1,
    max: 100,
    default: 4,
    doc: "blocks across a pixelated box, or a blurred box's width in radii; fewer hide more",
  }),
  lookAheadMs: number({
    min: 0,
    max: 10_000,
    by: 'source',
    absent: '1000 for files, 0 for live sources',
    doc: 'what is found is hidden so much earlier too',
  }),
});

export const redact = object(
  'RedactSpec',
  'Whose boxes are hidden, and how',
  { module: text() },
  { required: ['module'], also: [redactValues] },
);

export const draw = object('DrawSpec', 'What is drawn on the canvas', {
  boxes: text({ doc: 'module whose boxes are drawn' }),
  labels: flag({ default: true }),
  time: flag({ default: false }),
});

export const canvasValues = object('CanvasValues', 'What all layouts share', {
  gap: integer({ min: 0, max: 1000, default: 0, doc: 'pixels between tiles' }),
  whenEnded: ref(WhenEnded, { default: 'hold', doc: 'what a tile shows when its source ended or failed' }),
  staleAfterMs: number({
    min: 0,
    max: 1e9,
    default: 5000,
    doc: `a live source that gave no picture for so long loses its tile to a card with its id and state (\`reconnecting, attempt
      3\`, \`no signal\`, \`ended\`, \`failed\`); until then the tile holds the last picture`,
  }),
});

export const layout = object(
  'LayoutSpec',
  'Where sources go on the canvas',
  {
    kind: ref(LayoutKind),
    width: integer({ min: 0, max: 16384, doc: "0: the first source's" }),
    height: integer({ min: 0, max: 16384, doc: "0: the first source's" }),
    fps: list(integer({ min: 1 }), {
      min: 2,
      max: 2,
      by: 'source',
      absent: 'the largest rate of the sources',
      doc: 'numerator, denominator',
    }),
    background: list(integer({ min: 0, max: 255 }), {
      min: 3,
      max: 3,
      absent: 'black',
      doc: 'limited-range BT.709: luma, blue and red chroma',
    }),
    tiles: list(ref(tile)),
    perSource: flag({ default: false, doc: 'one tile a source: a source that joins gets one too' }),
    redact: ref(redact),
    draw: ref(draw),
  },
  { required: ['kind', 'width', 'height', 'tiles'], also: [canvasValues] },
);

export const objects = [followValues, follow, tile, redactValues, redact, draw, canvasValues, layout];
