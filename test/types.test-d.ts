/** What the compiler knows: checked by vitest's typecheck run, never executed. */
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { ModelErrorCode } from '../packages/models/src/index.js';
import {
  analyzer,
  type BoxClasses,
  type Classification,
  classify,
  type Detection,
  defineAnalyzer,
  detect,
  type ErrorCode,
  follow,
  grid,
  type InputCrop,
  type InputWindow,
  identify,
  type Person,
  pipeline,
  type Run,
  split,
  type Track,
  track,
  video,
} from '../src/index.js';

const faces = detect('faces', 'blazeface');
const tracks = track('tracks', { of: 'faces' });
const people = identify('people', { of: 'tracks', model: 'face-recognition' });
type FrameOf<R> = R extends Run<infer T> ? T : never;

describe('frames', () => {
  test('have a property for every module used', async () => {
    const run = await pipeline(video('a.mp4')).use(faces).use(tracks).use(people).start();
    for await (const frame of run) {
      expectTypeOf(frame.faces).toEqualTypeOf<Detection[]>();
      expectTypeOf(frame.tracks).toEqualTypeOf<Track[]>();
      expectTypeOf(frame.people).toEqualTypeOf<Person[]>();
      expectTypeOf(frame.people[0]!.id).toEqualTypeOf<number | undefined>();
      expectTypeOf(frame.source).toEqualTypeOf<string>();
      expectTypeOf(frame.timeMs).toEqualTypeOf<number>();
      // @ts-expect-error no module of this name
      frame.plates;
    }
    expectTypeOf(await run.submit('a.jpg')).toHaveProperty('people');
  });

  test('have values that may be missing where failures are skipped', async () => {
    const run = await pipeline()
      .use(detect('faces', 'blazeface', { onError: 'skip' }))
      .use(classify('scene', 'places.onnx', { onError: 'fallback', fallback: 'faces' }))
      .use(analyzer({ name: 'light', onError: 'skip', analyze: () => 0.5 }))
      .start();
    type F = FrameOf<typeof run>;
    expectTypeOf<F['faces']>().toEqualTypeOf<Detection[] | undefined>();
    expectTypeOf<F['scene']>().toEqualTypeOf<Classification[]>();
    expectTypeOf<F['light']>().toEqualTypeOf<number | undefined>();
  });
});

describe('classify', () => {
  test('gives classes of the whole frame, or of each box of a module that must be used', async () => {
    const emotion = classify('emotion', { of: 'tracks', model: 'emotion.onnx', every: 5 });
    const run = await pipeline(video('a.mp4'))
      .use(faces)
      .use(tracks)
      .use(classify('scene', 'places.onnx'))
      .use(emotion)
      .start();
    type F = FrameOf<typeof run>;
    expectTypeOf<F['scene']>().toEqualTypeOf<Classification[]>();
    expectTypeOf<F['emotion']>().toEqualTypeOf<BoxClasses[]>();
    expectTypeOf<F['emotion'][0]['track']>().toEqualTypeOf<number | undefined>();
    // @ts-expect-error no tracks to classify
    pipeline(video('a.mp4')).use(faces).use(emotion).start();
  });
});

describe('analyzers', () => {
  test('give what analyze returns, awaited, and are given what they depend on', async () => {
    const crowd = analyzer({
      name: 'crowd',
      depends: [faces, people],
      analyze: async (frame, deps) => {
        expectTypeOf(deps.faces).toEqualTypeOf<Detection[]>();
        expectTypeOf(deps.people).toEqualTypeOf<Person[]>();
        expectTypeOf(frame.width).toEqualTypeOf<number>();
        return { count: deps.faces.length };
      },
    });
    const run = await pipeline().use(faces).use(tracks).use(people).use(crowd).start();
    expectTypeOf<FrameOf<typeof run>['crowd']>().toEqualTypeOf<{ count: number }>();
  });

  test('may name dependencies, with types of their own', async () => {
    const count = analyzer({
      name: 'count',
      depends: ['faces'],
      analyze: (_, deps: { faces: Detection[] }) => deps.faces.length,
    });
    const run = await pipeline().use(faces).use(count).start();
    expectTypeOf<FrameOf<typeof run>['count']>().toEqualTypeOf<number>();
  });
});

describe('analyzers of files', () => {
  const smile = defineAnalyzer({
    name: 'smile',
    depends: [faces],
    input: { width: 64, crop: 'faces' },
    configure: async () => ({ seen: 0 }),
    analyze(frame, deps, state) {
      expectTypeOf(frame.input).toEqualTypeOf<readonly InputCrop[]>();
      expectTypeOf(deps.faces).toEqualTypeOf<Detection[]>();
      expectTypeOf(state).toEqualTypeOf<{ seen: number }>();
      return deps.faces.map(() => 0.5);
    },
  });

  test('get windows of tracks', () => {
    defineAnalyzer({
      name: 'moves',
      input: { of: 'tracks', window: 16, width: 112 },
      analyze: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<readonly InputWindow[]>();
        return input.length;
      },
    });
  });

  test('are typed by their definition, by name, or not at all', async () => {
    const typed = await pipeline()
      .use(faces)
      .use(analyzer<typeof smile>('./smile.js', { isolation: 'thread' }))
      .start();
    expectTypeOf<FrameOf<typeof typed>['smile']>().toEqualTypeOf<number[]>();
    const named = await pipeline()
      .use(analyzer('./smile.js', { name: 'smile' }))
      .start();
    expectTypeOf<FrameOf<typeof named>['smile']>().toEqualTypeOf<unknown>();
    const bare = await pipeline().use(analyzer('./smile.js')).start();
    expectTypeOf<'smile' extends keyof FrameOf<typeof bare> ? true : false>().toEqualTypeOf<false>();
  });

  test('may be used as they are', async () => {
    const run = await pipeline()
      .use(faces)
      .use(analyzer(smile, { onError: 'skip' }))
      .start();
    expectTypeOf<FrameOf<typeof run>['smile']>().toEqualTypeOf<number[] | undefined>();
  });
});

describe('analyzers with a schema', () => {
  const schema = z.object({ score: z.number(), label: z.string().default('none') });
  type Out = { score: number; label: string };
  const smiles = defineAnalyzer({
    name: 'smiles',
    depends: [faces],
    schema,
    analyze: (_, deps) => {
      expectTypeOf(deps.faces).toEqualTypeOf<Detection[]>();
      return { score: deps.faces.length };
    },
  });

  test('return what it takes, and give what it makes of it', async () => {
    const run = await pipeline()
      .use(faces)
      .use(analyzer(smiles, { onError: 'skip' }))
      .use(analyzer({ name: 'own', schema, analyze: async () => ({ score: 1 }) }))
      .use(analyzer({ name: 'words', schema: z.string().transform(Number), analyze: () => '5' }))
      .start();
    expectTypeOf<FrameOf<typeof run>['smiles']>().toEqualTypeOf<Out | undefined>();
    expectTypeOf<FrameOf<typeof run>['own']>().toEqualTypeOf<Out>();
    expectTypeOf<FrameOf<typeof run>['words']>().toEqualTypeOf<number>();
    const file = await pipeline().use(faces).use(analyzer<typeof smiles>('./smiles.js')).start();
    expectTypeOf<FrameOf<typeof file>['smiles']>().toEqualTypeOf<Out>();
  });

  test('that return something else are an error', () => {
    // @ts-expect-error no score
    defineAnalyzer({ name: 'a', schema, analyze: () => ({ label: 'glad' }) });
    // @ts-expect-error no object
    analyzer({ name: 'a', schema, analyze: () => 5 });
  });
});

describe('a missing module', () => {
  test('is an error at start, not before', () => {
    const incomplete = pipeline(video('a.mp4')).use(tracks);
    // @ts-expect-error 'faces' is not used
    void (() => incomplete.start());
    void (() => incomplete.use(faces).start());
  });

  test('is found for identities, layouts and analyzers', () => {
    const untracked = pipeline().use(faces).use(people);
    // @ts-expect-error 'tracks' is not used
    void (() => untracked.start());
    const unfollowed = pipeline().compose(split({ left: follow('people'), right: follow('people') }));
    // @ts-expect-error 'people' is not used
    void (() => unfollowed.start());
    const undrawn = pipeline()
      .use(faces)
      .compose(grid({ draw: { boxes: 'people' } }));
    // @ts-expect-error 'people' is not used
    void (() => undrawn.start());
    const drawn = pipeline()
      .use(faces)
      .compose(grid({ draw: { boxes: 'faces' } }));
    void (() => drawn.start());
    const blind = pipeline().use(analyzer({ name: 'n', depends: ['faces'], analyze: () => 1 }));
    // @ts-expect-error 'faces' is not used
    void (() => blind.start());
  });

  test('of the wrong kind is found too', () => {
    const wrong = identify('people', { of: 'faces', model: 'face-recognition' });
    // @ts-expect-error identities need tracks, 'faces' gives detections
    void (() => pipeline().use(faces).use(wrong).start());
  });

  test('nothing is missing in a pipeline without modules', () => {
    void (() => pipeline(video('a.mp4')).encode('o.mp4').start());
    void (() => pipeline(video('a.mp4')).compose(grid()).encode('o.mp4').start());
  });
});

test('what is wrong with a model has a code of the table', () => {
  expectTypeOf<ModelErrorCode>().toExtend<ErrorCode>();
});

describe('options', () => {
  test('are checked', () => {
    // @ts-expect-error no such profile
    void (() => pipeline().encode('o.mp4', { profile: 'fast' }));
    // @ts-expect-error a number
    void (() => detect('faces', 'blazeface', { scoreThreshold: '0.5' }));
    // @ts-expect-error 'of' is needed
    void (() => track('tracks', {}));
  });
});
