import { describe, expect, test } from 'vitest';
import * as api from '../src/index.js';

const {
  analyzer,
  camera,
  classify,
  detect,
  focus,
  follow,
  frames,
  grid,
  identify,
  images,
  layout,
  pipeline,
  split,
  track,
  video,
} = api;

/** Calls with what the compiler would not let through. */
const any = <T>(value: unknown) => value as T & never;

const cases: [string, () => unknown, string][] = [
  ['a path', () => video(any('')), "Expected a non-empty string for uri but received ''"],
  ['a number', () => video('a', { stride: any('2') }), "Expected an integer of at least 1 for stride but received '2'"],
  [
    'a range',
    () => video('a', { threads: 1000 }),
    'Expected an integer between 1 and 256 for threads but received 1000',
  ],
  ['an order', () => video('a', { startMs: 10, endMs: 5 }), 'Expected more than startMs for endMs but received 5'],
  [
    'an unknown option',
    () => video('a', any({ fast: true })),
    "Expected one of the options id, startMs, endMs, stride, maxFps, maxGapMs, decoder, deinterlace, threads, skipLoopFilter, maxDecodeErrors, limits, live, maxAgeMs, reconnect, required, recorder for options but received 'fast'",
  ],
  [
    'limits',
    () => video('a', { limits: any('none') }),
    "Expected 'untrusted' or an object for limits but received 'none'",
  ],
  [
    'an option of limits',
    () => video('a', { limits: { maxBytes: -1 } }),
    'Expected an integer of at least 0 for limits.maxBytes but received -1',
  ],
  [
    'a limit that there is not',
    () => video('a', { limits: any({ maxSize: 1 }) }),
    "Expected one of the options untrusted, maxBytes, maxPixels, maxDurationMs, jail, protocols, hosts, privateNetworks, isolation for limits but received 'maxSize'",
  ],
  [
    'a URL as a host',
    () => video('a', { limits: { hosts: ['http://a/'] } }),
    "Expected a host such as 'camera.example.com', '*.example.com', '10.0.0.7:554' or '[::1]:80' for limits.hosts[0] but received 'http://a/'",
  ],
  [
    'hosts without a process that holds connections to them',
    () => video('http://a/b', { limits: { hosts: ['a'], isolation: 'inline' } }),
    "Expected 'process' beside hosts: connections are held to it there only, for limits.isolation but received 'inline'",
  ],
  [
    'a name with a NUL, which the system would cut there',
    () => video('in.mp4\0.png'),
    'Expected a string without NUL for uri but received',
  ],
  [
    'camera options',
    () => camera('a', any({ startMs: 1 })),
    'Expected one of the options id, stride, maxFps, maxGapMs, decoder, deinterlace, threads, skipLoopFilter, maxDecodeErrors, limits, maxAgeMs, reconnect, required, recorder for options but received',
  ],
  ['a list', () => images([]), 'Expected an array of at least 1 for paths but received []'],
  [
    'an iterable',
    () => frames(any(5), { width: 4, height: 4 }),
    'Expected an async iterable of pixels for iterable but received 5',
  ],
  [
    'text for pixels',
    () => frames(any(''), { width: 4, height: 4 }),
    "Expected an async iterable of pixels for iterable but received ''",
  ],
  [
    'a file URL of another machine',
    () => video('file://host/a.mp4'),
    "Expected a file URL of this machine, e.g. file:///srv/a.mp4, for uri but received 'file://host/a.mp4'",
  ],
  [
    'a damaged file URL',
    () => images(['file:///%zz.jpg']),
    "Expected a file URL of this machine, e.g. file:///srv/a.mp4, for uri but received 'file:///%zz.jpg'",
  ],
  [
    'a size',
    () => frames([], any({ width: 4 })),
    'Expected an integer between 1 and 16384 for height but received undefined',
  ],
  ['a pixel format', () => frames([], { width: 4, height: 4, format: any('argb') }), "for format but received 'argb'"],
  ['a module name', () => detect('my faces', 'blazeface'), "Expected an identifier for name but received 'my faces'"],
  [
    'a threshold',
    () => detect('faces', 'blazeface', { scoreThreshold: 2 }),
    'Expected a number between 0 and 1 for scoreThreshold but received 2',
  ],
  [
    'a policy',
    () => detect('faces', 'blazeface', { onError: any('ignore') }),
    "Expected one of fail, skip, fallback for onError but received 'ignore'",
  ],
  ['a fallback', () => detect('faces', 'blazeface', { onError: 'fallback' }), 'for fallback but received undefined'],
  [
    'whose boxes are classified',
    () => classify('emotion', any({ model: 'm' })),
    'Expected a non-empty string for of but received undefined',
  ],
  [
    'the part that stays',
    () => classify('emotion', { of: 'tracks', model: 'm', smooth: 1 }),
    'Expected a number between 0 and 0.99 for smooth but received 1',
  ],
  [
    'frames between looks',
    () => classify('emotion', { of: 'tracks', model: 'm', every: 0 }),
    'Expected an integer of at least 1 for every but received 0',
  ],
  [
    'a stride of boxes',
    () => classify('emotion', any({ of: 'tracks', model: 'm', stride: 2 })),
    'Expected one of the options of, model, facts, minSize, margin, topK, smooth, every, retry, onError, maxBatch, maxWaitMs, workers for options but received',
  ],
  ['a dependency', () => track('tracks', any({})), 'Expected a non-empty string for of but received undefined'],
  [
    'an association',
    () => track('tracks', { of: 'faces', association: any('sort') }),
    "Expected one of standard, bytetrack for association but received 'sort'",
  ],
  [
    'a model',
    () => identify('people', any({ of: 'tracks' })),
    'Expected a non-empty string for model but received undefined',
  ],
  [
    'facts of a model',
    () => identify('people', { of: 'tracks', model: 'm', facts: { mean: [1, 2, 3, 4] } }),
    'Expected an array of 1 to 3 for facts.mean but received [1, 2, 3, 4]',
  ],
  ['an analyze function', () => analyzer(any({ name: 'a' })), 'Expected a function for analyze but received undefined'],
  [
    'dependencies',
    () => analyzer({ name: 'a', depends: any(['1st']), analyze: () => 1 }),
    "Expected an identifier for depends[0] but received '1st'",
  ],
  ['a followed module', () => follow(any(undefined)), 'Expected a non-empty string for name but received undefined'],
  [
    'a pick',
    () => follow('people', { pick: any('best') }),
    "Expected 'main', a rank or { id } for pick but received 'best'",
  ],
  [
    'a pick by identity',
    () => follow('people', { pick: any({}) }),
    "Expected 'main', a rank or { id } for pick but received an object",
  ],
  [
    'a tile',
    () => split({ left: 0, right: any(null) }),
    'Expected the position or id of a source for right but received null',
  ],
  ['an even size', () => grid({ width: 641 }), 'Expected an even number for width but received 641'],
  ['a colour', () => grid({ background: 'red' }), "Expected a colour '#rrggbb' for background but received 'red'"],
  ['a rate', () => grid({ fps: 0 }), 'Expected a number above 0 or [numerator, denominator] for fps but received 0'],
  [
    'a large tile',
    () => focus({ small: [1] }),
    'Expected a tile, because small is given, for large but received undefined',
  ],
  [
    'a rectangle',
    () => layout({ tiles: [{ show: 0, rect: [10, 0, 0, 10] }] }),
    'Expected a box [x1, y1, x2, y2] with x2 > x1 and y2 > y1 for tiles[0].rect but received [10, 0, 0, 10]',
  ],
  [
    'an output',
    () => pipeline().encode(any(5)),
    'Expected a path, a URL, or null for packets only, for path but received 5',
  ],
  [
    'a profile',
    () => pipeline().encode('o.mp4', { profile: any('fast') }),
    "Expected one of realtime, streaming, balanced, quality, archival for profile but received 'fast'",
  ],
  ...[
    [400, '400'],
    [{ min: 1e6 }, 'an object'],
    [{ min: 2e6, max: 1e6 }, 'an object'],
    [{ min: 1e6, max: 2e6, mean: 1.5e6 }, 'an object'],
  ].map(([bitrate, received]): [string, () => unknown, string] => [
    `a bitrate of ${JSON.stringify(bitrate)}`,
    () => pipeline().encode('o.mp4', { bitrate: any(bitrate) }),
    `Expected bits per second (1000 to 1e9) or { min, max } of them with min <= max for bitrate but received ${received}`,
  ]),
  ['a source', () => pipeline(any('a.mp4')), "Expected a source such as video(...) for source 0 but received 'a.mp4'"],
  [
    'a module',
    () => pipeline().use(any({ name: 'faces' })),
    'Expected a module such as detect(...) for module but received an object',
  ],
  [
    'a layout',
    () => pipeline().compose(any('split')),
    "Expected a layout such as split(...) for layout but received 'split'",
  ],
  [
    'a device',
    () => pipeline().options({ device: 'gpu' }),
    "Expected one of auto, cpu, cuda:N for device but received 'gpu'",
  ],
  [
    'a file',
    () => pipeline().results(any(new Date())),
    'Expected a non-empty string for path but received an instance of Date',
  ],
];

describe('what does not fit is an error before anything starts', () => {
  test.each(cases)('%s', (_, call, message) => {
    let error: unknown;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(api.FramepathError);
    expect((error as api.FramepathError).code).toBe('INVALID_ARGUMENT');
    expect((error as api.FramepathError).message).toContain(message);
  });

  test('a signal', async () => {
    await expect(pipeline().start({ signal: any(1) })).rejects.toThrow(
      'Expected an AbortSignal for signal but received 1',
    );
  });

  test('options of the start', async () => {
    await expect(pipeline().start(any(null))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(pipeline().start(any({ abort: 1 }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('limits', () => {
  const limitsOf = (uri: string, limits: 'untrusted' | api.Limits) => video(uri, { limits }).spec.limits!;

  test('of an untrusted file: its folder, and bounds that nobody needs to exceed', () => {
    expect(limitsOf('/srv/in/a.mp4', 'untrusted')).toEqual({
      maxBytes: 10 * 1024 ** 3,
      maxPixels: 8192 * 8192,
      maxDurationMs: 24 * 3_600_000,
      jail: '/srv/in',
      protocols: ['file'],
      hosts: [],
      privateNetworks: false,
      isolated: true,
    });
    expect(limitsOf('/srv/in/a.mp4', { untrusted: true })).toEqual(limitsOf('/srv/in/a.mp4', 'untrusted'));
  });

  test('of an untrusted URL: never files', () => {
    const { protocols } = limitsOf('https://example.com/a.m3u8', 'untrusted');
    expect(protocols).toContain('https');
    expect(protocols).not.toContain('file');
  });

  test('that are stated win over those of untrusted ones', () => {
    const limits = { untrusted: true, maxBytes: 5, jail: '/srv', protocols: ['file', 'crypto'], privateNetworks: true };
    expect(limitsOf('/srv/in/a.mp4', { ...limits, isolation: 'inline' })).toMatchObject({
      maxBytes: 5,
      maxPixels: 8192 * 8192,
      jail: '/srv',
      protocols: ['file', 'crypto'],
      privateNetworks: true,
      isolated: false,
    });
    expect(limitsOf('/srv/in/a.mp4', { untrusted: true, maxDurationMs: 0 }).maxDurationMs).toBe(0);
  });

  test('on hosts take a process of their own', () => {
    expect(limitsOf('http://a/b', { hosts: ['*.a', '[::1]:80'] })).toMatchObject({
      isolated: true,
      privateNetworks: true,
    });
    expect(limitsOf('http://a/b', { privateNetworks: false }).isolated).toBe(true);
    expect(limitsOf('http://a/b', { maxBytes: 1 }).isolated).toBe(false);
  });

  test('are off by default', () => {
    expect(video('a.mp4').spec.limits).toBeUndefined();
  });
});

describe('values that cannot be read', () => {
  const thrower = () => {
    throw new Error('a getter threw');
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const hostile: [string, unknown][] = [
    ['proxy', new Proxy({}, { get: thrower, ownKeys: thrower, has: thrower, getPrototypeOf: thrower })],
    ['proxy of an array', new Proxy([], { get: thrower, getPrototypeOf: thrower })],
    ['revoked proxy', revoked()],
    ['getter', Object.defineProperty({}, 'id', { get: thrower, enumerable: true })],
    ['getter of a symbol', Object.defineProperty({}, Symbol('s'), { get: thrower, enumerable: true })],
    ['constructor', Object.defineProperty({}, 'constructor', { get: thrower })],
    ['toString', { toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower }],
    ['cycle', cycle],
    ['array of them', [revoked(), { toString: thrower }]],
    ['no prototype', Object.create(null)],
    ['symbol', Symbol('s')],
    ['bigint', 10n],
  ];
  const calls: [string, (value: unknown) => unknown][] = [
    ['a path', (value) => video(any(value))],
    ['options', (value) => video('a', any(value))],
    ['an option', (value) => video('a', { stride: any(value) })],
    ['a list', (value) => images(any(value))],
    ['items', (value) => detect('faces', 'm', { mean: [any(value)] })],
    ['a module', (value) => pipeline().use(any(value))],
    ['a source', (value) => pipeline(any(value))],
    ['a layout', (value) => pipeline().compose(any(value))],
    ['a tile', (value) => split({ left: any(value), right: 0 })],
    ['a box', (value) => layout({ tiles: [{ show: 0, rect: any(value) }] })],
    ['an analyzer', (value) => analyzer(any(value))],
    ['frames', (value) => frames(any(value), { width: 64, height: 64 })],
  ];
  test.each(calls)('are refused with a code as %s', (_, call) => {
    for (const [name, value] of hostile) {
      let error: unknown;
      try {
        call(value);
      } catch (thrown) {
        error = thrown;
      }
      // An object without properties is a list of no options.
      if (error !== undefined) expect(error, name).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  test('long texts are cut in sentences', () => {
    const message = (() => {
      try {
        video('a', { decoder: any('x'.repeat(100_000)) });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    expect(message.length).toBeLessThan(300);
  });
});
