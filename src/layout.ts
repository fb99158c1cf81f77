/** Layouts: where sources, or crops of them that follow people, go on the canvas. */
import { type Fit, fitNames } from './generated/enums.js';
import type { Box } from './generated/results.js';
import { canvasValuesRules, drawSpecRules, followValuesRules, redactValuesRules } from './generated/rules.js';
import type { CanvasValues, DrawSpec, FollowValues, LayoutSpec, RedactValues, TileSpec } from './generated/specs.js';
import { even } from './output.js';
import { type SourceRef, sourceRef } from './source.js';
import { anyOf, box, fields, integer, isA, list, number, oneOf, type Rule, text, unexpected } from './validate.js';

export type { Fit };

/** Options of {@link follow}. */
export interface FollowOptions extends FollowValues {
  /** position or id of the source; default: the tile's own position where there are that many sources, else the first */
  source?: SourceRef;
  /**
   * whom: `'main'` (area x time), a rank, or an identity; default `'main'`. A rank (0 = the largest) decides who a tile is
   * given first; from then on it is theirs, whoever is larger, and they come back to it until they have been gone for 30 s
   */
  pick?: 'main' | number | { id: number };
  /** default `'cover'` */
  fit?: Fit;
}

/**
 * What a tile shows. A number or string is a whole source. The id of a source that has not joined reserves the tile: it shows a
 * card (`starting`) until a source of that id joins, and again when it has left. `Needs` are the modules it follows.
 */
export type Tile<Needs extends string = string> = SourceRef | WholeTile | FollowTile<Needs>;

/** A whole source with options. */
export interface WholeTile {
  source: SourceRef;
  /** default `'cover'` */
  fit?: Fit;
}

/** A crop that follows somebody; made by {@link follow}. */
export class FollowTile<Name extends string = string> {
  /** @internal */
  constructor(
    readonly module: Name,
    /** @internal */ readonly options: FollowOptions,
  ) {}
}

/** What all layouts share. */
export interface CanvasOptions<Needs extends string = string> extends CanvasValues {
  /** even; default 1920, of {@link single} the source's */
  width?: number;
  /** even; default 1080, of {@link single} the source's */
  height?: number;
  /** pictures a second, a number or a fraction; default: the largest rate of the sources; of one file its own times */
  fps?: number | [numerator: number, denominator: number];
  /** `'#rrggbb'`; default black */
  background?: string;
  /**
   * Hides the boxes of a module. `margin` grows them by this part of their size (default 0.25); `strength`: blocks across
   * a pixelated box, or a blurred box's width in radii (default 4, fewer hide more). What goes missing stays hidden for a
   * moment. A picture for which the module has no result (failed, skipped, too late) is hidden as a whole.
   *
   * What is found is hidden `lookAheadMs` (0 to 10,000) earlier too, where it must have been: the canvas waits for that
   * much more of each source. Default 1000 for files, which costs the memory of copies of as many frames (25 of 1080p:
   * 78 MB), and 0 for live sources, whose pictures it would delay: there a face shows until it is first found.
   */
  redact?: RedactValues & { of: Needs };
  /**
   * draws the boxes of a module with labels (default true): the identity where an `identify` module knows it by now, else the
   * track; and the time (default false)
   */
  draw?: DrawSpec & { boxes?: Needs };
}

/** Where sources go on the canvas; made by `single`, `split`, `grid`, `focus` or `layout`. `Needs` are the modules it reads. */
export class Layout<Needs extends string = string> {
  /** Phantom: carries the type, never set. */
  declare readonly needs?: Needs;

  /** @internal */
  constructor(
    /** @internal */ readonly kind: LayoutSpec['kind'],
    /** @internal */ readonly canvas: CanvasOptions,
    /** undefined: one tile a source */
    /** @internal */ readonly tiles: readonly PlacedTile[] | undefined,
  ) {}

  /** Names of the modules it reads. @internal */
  get modules(): string[] {
    const followed = (this.tiles ?? []).flatMap(({ tile }) => (tile instanceof FollowTile ? [tile.module] : []));
    return [...followed, this.canvas.redact?.of, this.canvas.draw?.boxes].filter((name) => name !== undefined);
  }
}

/** @internal */
export interface PlacedTile {
  tile: Tile;
  rect?: Box;
  z?: number;
  alpha?: number;
}

const fit = oneOf(...fitNames);
const color: Rule = (name, value) => {
  if (typeof value !== 'string' || !/^#[0-9a-f]{6}$/i.test(value)) throw unexpected("a colour '#rrggbb'", name, value);
};
const frameRate = number(0.001, 1000);
const frameRatio: Rule = (name, value) => {
  list(integer(1), 2, 2)(name, value);
  const [numerator, denominator] = value as [number, number];
  frameRate(name, numerator / denominator);
};
const canvasRules = {
  width: even,
  height: even,
  fps: anyOf('a number above 0 or [numerator, denominator]', frameRate, frameRatio),
  background: color,
  ...canvasValuesRules,
  redact: (name: string, value: unknown) => {
    fields(name, value, { of: text, ...redactValuesRules });
    text(`${name}.of`, (value as { of?: unknown }).of);
  },
  draw: (name: string, value: unknown) => fields(name, value, drawSpecRules),
};
const tileRule: Rule = (name, value) => {
  if (isA(FollowTile, value)) return;
  if (typeof value === 'object' && value !== null) {
    fields(name, value, { source: sourceRef, fit });
    sourceRef(`${name}.source`, (value as WholeTile).source);
  } else {
    sourceRef(name, value);
  }
};

/**
 * A tile that follows a person (or a track, or a detection) of a source. Two tiles never show the same person; while
 * nobody is there the tile shows the whole picture.
 * @param name the module followed
 * @example `follow('people', { source: 0, pick: 'main' })`
 * @throws INVALID_ARGUMENT
 */
export function follow<const Name extends string>(name: Name, options: FollowOptions = {}): FollowTile<Name> {
  text('name', name);
  const pick: Rule = anyOf("'main', a rank or { id }", oneOf('main'), integer(0), (label, value) => {
    fields(label, value, { id: integer(1) });
    integer(1)(`${label}.id`, (value as { id?: unknown }).id);
  });
  fields('options', options, {
    source: sourceRef,
    pick,
    ...followValuesRules,
    fit,
  });
  return new FollowTile(name, options);
}

/**
 * One source, in its own size: what `encode` without a layout does with the only source. Where it has an odd size the
 * canvas lacks the last row or column.
 * @param options `tile` default: the first source; one of `width` and `height` alone keeps the proportions
 * @example `single({ tile: 'door', redact: { of: 'faces' } })`
 * @throws INVALID_ARGUMENT
 */
export function single<const A extends string = never>(options: CanvasOptions<A> & { tile?: Tile<A> } = {}): Layout<A> {
  fields('options', options, { ...canvasRules, tile: tileRule });
  const { tile = 0, ...canvas } = options;
  const whole = typeof tile === 'object' ? tile : { source: tile, fit: 'contain' as const };
  return new Layout('custom', { width: 0, height: 0, ...canvas }, [{ tile: whole }]);
}

/**
 * Two tiles side by side.
 * @example `split({ left: follow('people', { source: 0 }), right: follow('people', { source: 1 }) })`
 * @throws INVALID_ARGUMENT
 */
export function split<const A extends string = never>(
  options: CanvasOptions<A> & { left: Tile<A>; right: Tile<A> },
): Layout<A> {
  fields('options', options, { ...canvasRules, left: tileRule, right: tileRule });
  const { left, right, ...canvas } = options;
  tileRule('left', left);
  tileRule('right', right);
  return new Layout('split', canvas, [{ tile: left }, { tile: right }]);
}

/**
 * 1 to 16 tiles, as square as it gets; laid out anew when a source joins or leaves.
 * @param options `tiles` default: every source
 * @example `grid({ width: 1280, height: 720, draw: { boxes: 'people' } })`
 * @throws INVALID_ARGUMENT
 */
export function grid<const A extends string = never>(
  options: CanvasOptions<A> & { tiles?: readonly Tile<A>[] } = {},
): Layout<A> {
  fields('options', options, { ...canvasRules, tiles: list(tileRule, 1, 16) });
  const { tiles, ...canvas } = options;
  return new Layout(
    'grid',
    canvas,
    tiles?.map((tile) => ({ tile })),
  );
}

/**
 * One tile large, the others in a column beside it.
 * @param options `large` default: the first source, `small` default: the other sources
 * @example `focus({ large: follow('people'), small: [0] })`
 * @throws INVALID_ARGUMENT
 */
export function focus<const A extends string = never>(
  options: CanvasOptions<A> & { large?: Tile<A>; small?: readonly Tile<A>[] } = {},
): Layout<A> {
  fields('options', options, { ...canvasRules, large: tileRule, small: list(tileRule, 0, 15) });
  const { large, small, ...canvas } = options;
  if (small && large === undefined) throw unexpected('a tile, because small is given,', 'large', undefined);
  const tiles = large === undefined ? undefined : [large, ...(small ?? [])].map((tile) => ({ tile }));
  return new Layout('focus', canvas, tiles);
}

/** A tile of {@link layout}: where it is, and how it is blended. */
export interface CustomTile<Needs extends string = string> {
  show: Tile<Needs>;
  /** `[x1, y1, x2, y2]`, pixels of the canvas */
  rect: Box;
  /** higher is in front; default its position */
  z?: number;
  /** 0 to 1, default 1 */
  alpha?: number;
}

/**
 * Any rectangles.
 * @example `layout({ width: 1280, height: 720, tiles: [{ show: 0, rect: [0, 0, 1280, 720] }, { show: 1, rect: [940, 20, 1260, 200], alpha: 0.9 }] })`
 * @throws INVALID_ARGUMENT
 */
export function layout<const A extends string = never>(
  options: CanvasOptions<A> & { tiles: readonly CustomTile<A>[] },
): Layout<A> {
  const tile: Rule = (name, value) => {
    fields(name, value, { show: tileRule, rect: box, z: integer(-1000, 1000), alpha: number(0, 1) });
    tileRule(`${name}.show`, (value as CustomTile).show);
    box(`${name}.rect`, (value as CustomTile).rect);
  };
  fields('options', options, { ...canvasRules, tiles: list(tile, 1, 64) });
  const { tiles, ...canvas } = options;
  list(tile, 1, 64)('tiles', tiles);
  return new Layout(
    'custom',
    canvas,
    tiles.map(({ show, ...place }, i) => ({ tile: show, z: i, ...place })),
  );
}

/** The native form; `position` finds a source. Of `disabled` modules nothing is drawn, and nobody is followed. @internal */
export function layoutSpec(
  from: Layout,
  sources: number,
  position: (ref: SourceRef, name: string) => number,
  disabled: ReadonlyMap<string, unknown> = new Map(),
): LayoutSpec {
  const { redact, draw: asked, background, fps, ...canvas } = from.canvas;
  const draw = asked?.boxes !== undefined && disabled.has(asked.boxes) ? { ...asked, boxes: undefined } : asked;
  const placed: readonly PlacedTile[] =
    from.tiles ?? Array.from({ length: sources }, (_, source) => ({ tile: source }));
  const tiles = placed.map(
    ({ tile, ...place }, i): TileSpec => ({ ...tileSpec(tile, i, sources, position, disabled), ...place }),
  );
  return {
    width: 1920,
    height: 1080,
    ...canvas,
    kind: from.kind,
    tiles,
    ...(!from.tiles && { perSource: true }),
    ...(fps !== undefined && { fps: rational(fps) }),
    ...(background !== undefined && { background: videoColor(background) }),
    ...(redact && { redact: { ...redact, module: redact.of, of: undefined } }),
    ...(draw && { draw }),
  } as LayoutSpec;
}

function tileSpec(
  tile: Tile,
  i: number,
  sources: number,
  position: (ref: SourceRef, name: string) => number,
  disabled: ReadonlyMap<string, unknown>,
): TileSpec {
  const at = (ref: SourceRef) => {
    const found = position(ref, `tile ${i}`);
    return found < 0 ? { source: found, reserved: ref as string } : { source: found };
  };
  if (!(tile instanceof FollowTile)) {
    const whole = typeof tile === 'object' ? tile : { source: tile };
    return { ...whole, ...at(whole.source) };
  }
  const { source = i < sources ? i : 0, pick = 'main', fit: stated, ...motion } = tile.options;
  const whom =
    pick === 'main'
      ? { pick }
      : typeof pick === 'number'
        ? { pick: 'rank' as const, value: pick }
        : { pick: 'id' as const, value: pick.id };
  if (disabled.has(tile.module)) return { ...at(source), ...(stated && { fit: stated }) };
  return {
    ...at(source),
    ...(stated && { fit: stated }),
    follow: { module: tile.module, ...whom, ...motion },
  };
}

/** 29.97 and its kind are fractions over 1001. */
function rational(fps: number | [number, number]): [number, number] {
  if (typeof fps !== 'number') return fps;
  if (Number.isInteger(fps)) return [fps, 1];
  const ntsc = Math.round(fps * 1.001);
  if (Math.abs((ntsc * 1000) / 1001 - fps) < 0.01) return [ntsc * 1000, 1001];
  return [Math.round(fps * 1000), 1000];
}

/** `#rrggbb` as limited-range BT.709 luma and chroma, the canvas's own colours. */
function videoColor(hex: string): [number, number, number] {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number];
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return [16 + 219 * y, 128 + (224 * (b - y)) / 1.8556, 128 + (224 * (r - y)) / 1.5748].map(Math.round) as [
    number,
    number,
    number,
  ];
}
