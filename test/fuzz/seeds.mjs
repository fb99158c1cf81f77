// The seeds of the fuzz targets, made anew when this file changes: clips of a few frames in many codecs and containers,
// playlists beside segments, plans of runs, and bytes for the targets that read their inputs as choices.
// `node test/fuzz/seeds.mjs` makes them in build/fuzz/seeds/TARGET, the segments in build/fuzz/media.
import { spawnSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'build/fuzz');
/** Nothing longer than this is a seed: libFuzzer reads no more of a file. */
export const longestInput = 24_576;

const picture = (size = '32x32', extra = '') => `-f lavfi -i testsrc=size=${size}:rate=25:duration=0.2${extra}`;
const tone = '-f lavfi -i sine=frequency=440:sample_rate=48000:duration=0.25';
const still = '-frames:v 1';

/** Name of a clip -> what ffmpeg is given between its defaults and the name. */
const clips = {
  'h264.mp4': `${picture()} -c:v libx264 -preset ultrafast`,
  'h264-frames.mov': `${picture()} -c:v libx264 -bf 2 -g 4`,
  'h264-fragments.mp4': `${picture()} -c:v libx264 -preset ultrafast -movflags frag_keyframe+empty_moov -g 2`,
  'h264-turned.mp4': `${picture('48x32')} -c:v libx264 -preset ultrafast -metadata:s:v rotate=90`,
  'h264-wide.mp4': `${picture()},setsar=4/3 -c:v libx264 -preset ultrafast`,
  'h264-ten.mkv': `${picture()} -c:v libx264 -pix_fmt yuv422p10le`,
  'h264.mkv': `${picture()} -c:v libx264 -bf 2`,
  'h264.ts': `${picture()} -c:v libx264 -preset ultrafast -g 2`,
  'h264.flv': `${picture()} -c:v libx264 -preset ultrafast`,
  'h264-interlaced.ts': `${picture('32x64')} -c:v libx264 -flags +ildct+ilme`,
  'h264-raw.h264': `${picture()} -c:v libx264 -preset ultrafast -bsf:v h264_mp4toannexb -f h264`,
  'hevc.mp4': `${picture()} -c:v libx265 -preset ultrafast -x265-params log-level=none`,
  'hevc.ts': `${picture()} -c:v libx265 -preset ultrafast -x265-params log-level=none`,
  'vp8.webm': `${picture()} -c:v libvpx -b:v 100k`,
  'vp8.ivf': `${picture()} -c:v libvpx -b:v 100k`,
  'vp9.webm': `${picture()} -c:v libvpx-vp9 -b:v 100k -cpu-used 8`,
  'av1.mkv': `${picture('64x64')} -c:v libaom-av1 -cpu-used 8 -frames:v 3`,
  'av1.mp4': `${picture('64x64')} -c:v libsvtav1 -preset 12 -frames:v 3`,
  'theora.ogv': `${picture()} -c:v libtheora`,
  'mpeg1.mpg': `${picture()} -c:v mpeg1video`,
  'mpeg2.ts': `${picture()} -c:v mpeg2video`,
  'mpeg2-interlaced.vob': `${picture('32x64')} -c:v mpeg2video -flags +ildct+ilme`,
  'mpeg2.mxf': `${picture('64x64')} -c:v mpeg2video -frames:v 2`,
  'mpeg4.avi': `${picture()} -c:v mpeg4 -bf 2`,
  'mpeg4.mp4': `${picture()} -c:v mpeg4`,
  'h263.3gp': `${picture('128x96')} -c:v h263`,
  'flv1.flv': `${picture()} -c:v flv1`,
  'wmv2.wmv': `${picture()} -c:v wmv2`,
  'msmpeg4.asf': `${picture()} -c:v msmpeg4`,
  'rv10.rm': `${picture()} -c:v rv10`,
  'mjpeg.avi': `${picture()} -c:v mjpeg -q:v 20`,
  'mjpeg.mkv': `${picture()} -c:v mjpeg -q:v 20`,
  'prores.mov': `${picture()} -c:v prores_ks -frames:v 2`,
  'prores-alpha.mov': `${picture()} -c:v prores_ks -pix_fmt yuva444p10le -frames:v 2`,
  'ffv1.mkv': `${picture()} -c:v ffv1 -frames:v 3`,
  'ffv1-planar.nut': `${picture()} -c:v ffv1 -pix_fmt gbrp -frames:v 2`,
  'huffyuv.avi': `${picture()} -c:v huffyuv -frames:v 2`,
  'utvideo.avi': `${picture()} -c:v utvideo -frames:v 2`,
  'magicyuv.mkv': `${picture()} -c:v magicyuv -frames:v 2`,
  'cinepak.avi': `${picture()} -c:v cinepak -frames:v 2`,
  'qtrle.mov': `${picture()} -c:v qtrle -frames:v 2`,
  'svq1.mov': `${picture()} -c:v svq1 -frames:v 3`,
  'msvideo1.avi': `${picture()} -c:v msvideo1 -frames:v 2`,
  'zmbv.avi': `${picture()} -c:v zmbv -frames:v 2`,
  'flashsv.flv': `${picture()} -c:v flashsv -frames:v 2`,
  'raw.nut': `${picture('16x16')} -c:v rawvideo -pix_fmt yuv420p16be -frames:v 2`,
  'raw.avi': `${picture('16x16')} -c:v rawvideo -pix_fmt bgr24 -frames:v 2`,
  'frames.y4m': `${picture('16x16')} -frames:v 3`,
  'v210.mov': `${picture()} -c:v v210 -frames:v 1`,
  'image.png': `${picture()} ${still}`,
  'image-deep.png': `${picture()} -pix_fmt rgba64be ${still}`,
  'image.jpg': `${picture()} ${still}`,
  'image.bmp': `${picture('16x16')} ${still}`,
  'image.tiff': `${picture()} ${still}`,
  'image.webp': `${picture()} ${still}`,
  'image.ppm': `${picture('16x16')} ${still}`,
  'image.tga': `${picture('16x16')} ${still}`,
  'image.jp2': `${picture()} -c:v jpeg2000 ${still}`,
  'image.exr': `${picture('16x16')} ${still}`,
  'image.gif': `${picture()} -frames:v 3`,
  'moving.apng': `${picture()} -frames:v 2`,
  'both.mp4': `${picture()} ${tone} -c:v libx264 -preset ultrafast -c:a aac -b:a 32k`,
  'both.ts': `${picture()} ${tone} -c:v mpeg2video -c:a mp2 -b:a 32k`,
  'both.mkv': `${picture()} ${tone} -c:v libx264 -preset ultrafast -c:a libopus -b:a 24k`,
};
const sounds = {
  'aac.m4a': '-c:a aac -b:a 32k',
  'aac.adts': '-c:a aac -b:a 32k -f adts',
  'aac.ts': '-c:a aac -b:a 32k',
  'aac.mkv': '-c:a aac -b:a 32k',
  'mp3.mp3': '-c:a libmp3lame -b:a 32k',
  'mp3.mp4': '-c:a libmp3lame -b:a 32k',
  'mp2.ts': '-c:a mp2 -b:a 32k',
  'ac3.ts': '-c:a ac3 -b:a 96k',
  'eac3.mkv': '-c:a eac3 -b:a 64k',
  'opus.webm': '-c:a libopus -b:a 24k',
  'opus.ogg': '-c:a libopus -b:a 24k',
  'vorbis.ogg': '-c:a libvorbis -b:a 32k',
  'flac.flac': '-c:a flac -ar 8000',
  'flac.mkv': '-c:a flac -ar 8000',
  'alac.m4a': '-c:a alac -ar 8000',
  'wma.wma': '-c:a wmav2 -b:a 32k',
  'short.wav': '-c:a pcm_s16le -ar 8000',
  'float.wav': '-c:a pcm_f32le -ar 8000',
  'double.mkv': '-c:a pcm_f64le -ar 8000',
  'many.wav': '-c:a pcm_u8 -ar 8000 -ac 6',
  'mulaw.au': '-c:a pcm_mulaw -ar 8000',
  'big.aiff': '-c:a pcm_s16be -ar 8000',
  'adpcm.wav': '-c:a adpcm_ms -ar 8000',
  'wavpack.wv': '-c:a wavpack -ar 8000',
  'tta.tta': '-c:a tta -ar 8000',
};

function ffmpeg(args, out) {
  const words = `-hide_banner -loglevel error -y -bitexact ${args}`.split(' ').filter(Boolean);
  const { status, stderr } = spawnSync('ffmpeg', [...words, out], { encoding: 'utf8' });
  // An encoder that this ffmpeg lacks is one seed less.
  if (status !== 0 || !existsSync(out)) {
    rmSync(out, { force: true });
    return stderr.trim().split('\n')[0];
  }
  return '';
}

function makeClips() {
  const missing = [];
  const make = (target, name, args) => {
    const out = join(folder, 'seeds', target, name);
    if (ffmpeg(args, out) || statSync(out).size > longestInput) {
      missing.push(name);
      rmSync(out, { force: true });
    }
  };
  for (const [name, args] of Object.entries(clips)) make('demux', name, args);
  for (const [name, args] of Object.entries(sounds)) make('audio_copy', name, `${tone} ${args}`);
  for (const name of ['both.mp4', 'both.ts', 'both.mkv']) make('audio_copy', name, clips[name]);
  return missing;
}

/** Segments that playlists name, with a key and one that is encrypted with it. */
function makeMedia() {
  const media = join(folder, 'media');
  mkdirSync(media, { recursive: true });
  const short = `${picture()} -frames:v 3 -c:v mpeg2video`;
  for (const name of ['a.ts', 'b.ts'])
    ffmpeg(`${short} -output_ts_offset ${name === 'a.ts' ? 0 : 0.12}`, join(media, name));
  ffmpeg(clips['h264.mp4'], join(media, 'a.mp4'));
  ffmpeg(clips['image.png'], join(media, 'image.png'));
  ffmpeg(
    `${picture()} -c:v libx264 -preset ultrafast -f hls -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 -hls_segment_filename ${join(media, 'part%d.m4s')}`,
    join(media, 'list.m3u8'),
  );
  const key = Buffer.from('0123456789abcdef');
  writeFileSync(join(media, 'key.bin'), key);
  const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16));
  writeFileSync(
    join(media, 'secret.ts'),
    Buffer.concat([cipher.update(readFileSync(join(media, 'a.ts'))), cipher.final()]),
  );
}

const playlists = {
  plain:
    '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:0.12,\na.ts\n#EXTINF:0.12,\nb.ts\n#EXT-X-ENDLIST\n',
  gap: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.12,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:0.12,\na.ts\n#EXT-X-ENDLIST\n',
  fragments:
    '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:0.2,\npart0.m4s\n#EXT-X-ENDLIST\n',
  ranges:
    '#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:1\n#EXT-X-BYTERANGE:1880@0\n#EXTINF:0.12,\na.ts\n#EXT-X-BYTERANGE:1880\n#EXTINF:0.12,\na.ts\n#EXT-X-ENDLIST\n',
  encrypted:
    '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin",IV=0x00000000000000000000000000000000\n#EXTINF:0.12,\nsecret.ts\n#EXT-X-ENDLIST\n',
  master:
    '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=32x32,CODECS="avc1.42c00a"\nlist.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=50000\nplain.m3u8\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="b.ts"\n',
  itself: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nlist.m3u8\n#EXT-X-ENDLIST\n',
  live: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:0.12,\na.ts\n',
  outside: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.12,\n../beside/a.ts\n#EXT-X-ENDLIST\n',
  link: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.12,\nlink.ts\n#EXT-X-ENDLIST\n',
  protocols:
    '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.12,\nconcat:a.ts|../beside/a.ts\n#EXTINF:0.12,\nsubfile,,start,0,end,0,,:../beside/a.ts\n#EXTINF:0.12,\ncrypto:../beside/a.ts\n#EXTINF:0.12,\nfile:a.ts\n#EXT-X-ENDLIST\n',
  network:
    '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.12,\nhttp://127.0.0.1:9/a.ts\n#EXTINF:0.12,\ndata:video/mp2t;base64,R0AREA==\n#EXT-X-ENDLIST\n',
};

/** As src/plan.ts makes them; src/native.ts has the types. */
const model = {
  name: 'm',
  file: 'm.onnx',
  head: 'yolo',
  layout: 'nchw',
  color: 'rgb',
  resize: 'letterbox',
  align: 'none',
  mean: [0, 0, 0],
  scale: [0.00392],
  size: [640, 640],
  labels: ['a'],
  pad: 114,
  scoreThreshold: 0.3,
  iouThreshold: 0.5,
  topK: 3,
  precision: 'fp16',
};
const policy = {
  stride: 2,
  retry: 1,
  timeoutMs: 50,
  onError: 'fallback',
  fallback: 'a',
  maxBatch: 4,
  maxWaitMs: 5,
  workers: 2,
};
const file = {
  id: 'a',
  kind: 'file',
  uri: 'a.mp4',
  startMs: 0,
  endMs: 1000.5,
  stride: 1,
  maxFps: 12.5,
  threads: 2,
  decoder: 'software',
  skipLoopFilter: 'nonref',
  limits: { maxBytes: 1e9, jail: '/media', protocols: ['file'] },
  live: false,
  reconnect: 3,
};
const plan = (more) => ({
  device: 'cpu',
  runtimeLibraries: ['libonnxruntime.so'],
  providers: { order: ['cpu'], off: { cuda: 'no' }, cacheFolder: 'c' },
  sources: [file],
  modules: [],
  inFlight: 4,
  resultQueue: 16,
  keptFrames: 2,
  keepPixels: false,
  encoderSessions: 'wait',
  maxEncoderSessions: 2,
  open: false,
  snapshots: true,
  trace: true,
  memoryLimit: 1 << 30,
  ...more,
});
const plans = {
  bare: plan({}),
  sources: plan({
    sources: [
      file,
      { id: 'b', kind: 'images', images: ['a.png', 'b.png'], imageFps: 5 },
      { id: 'c', kind: 'frames', width: 64, height: 48, fps: 30, format: 'nv12' },
    ],
  }),
  modules: plan({
    modules: [
      { name: 'a', kind: 'detect', model, policy },
      {
        name: 'b',
        kind: 'track',
        of: 'a',
        association: 'bytetrack',
        trackThreshold: 0.5,
        lowThreshold: 0.1,
        newThreshold: 0.6,
        matchGate: 0.8,
        bufferMs: 1000,
      },
      {
        name: 'c',
        kind: 'identify',
        of: 'b',
        model,
        reid: 'always',
        metric: 'cosine',
        threshold: 0.4,
        sameScene: [['a', 'b']],
        bank: 'b.json',
      },
      { name: 'd', kind: 'classify', of: 'a', model, minSize: 16, margin: 0.1, smooth: 0.5, every: 3 },
      { name: 'e', kind: 'raw', model },
      {
        name: 'f',
        kind: 'js',
        depends: ['a'],
        pixels: true,
        stateless: true,
        elsewhere: true,
        input: {
          width: 32,
          height: 32,
          format: 'rgb24',
          crop: 'a',
          align: 'arcface',
          of: 'b',
          window: 8,
          stride: 2,
          min: 4,
          memory: 'device',
        },
      },
    ],
  }),
  composed: plan({
    compositions: [
      {
        name: '0',
        sources: [0],
        canvases: true,
        layout: {
          kind: 'custom',
          width: 640,
          height: 360,
          fps: [30000, 1001],
          background: [0, 16, 255],
          gap: 4,
          whenEnded: 'relayout',
          perSource: false,
          tiles: [
            {
              source: 0,
              rect: [0, 0, 0.5, 1],
              fit: 'contain',
              z: 1,
              alpha: 0.5,
              follow: { module: 'a', pick: 'rank', value: 1, zoom: 2, minHoldMs: 500, responseMs: 300 },
            },
          ],
          redact: { module: 'a', kind: 'blur', margin: 0.2, strength: 8 },
          draw: { boxes: 'a', labels: true, time: true },
          staleAfterMs: 900,
        },
        outputs: [
          {
            name: 'o',
            path: 'o.mp4',
            codec: 'hevc',
            profile: 'quality',
            minBitrate: 100000,
            bitrate: 900000,
            threads: 2,
            width: 320,
            height: 180,
            latency: 'low',
            keyframeIntervalMs: 1000,
            bFrames: 0,
            fragmentMs: 500,
            segmentMs: 1000,
            windowSegments: 5,
            required: true,
            packets: true,
            audioId: 'late',
          },
        ],
      },
    ],
  }),
  plain: plan({
    compositions: [
      {
        name: 'a',
        layout: { kind: 'grid', width: 0, height: 0, tiles: [], perSource: true },
        outputs: [{ name: 'p', bitrate: 500000, audioSource: 0 }],
      },
      {
        name: 'b',
        layout: { kind: 'custom', width: 0, height: 64, tiles: [{ source: -1, reserved: 'guest' }] },
        outputs: [],
        canvases: true,
      },
    ],
  }),
};

/** Bytes of a fixed sequence, for targets that take their input as choices. */
function bytesOf(name, number, length) {
  const parts = [];
  for (let i = 0; i * 32 < length; i++) parts.push(createHash('sha256').update(`${name} ${number} ${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Makes what is missing; resolves with the names of clips that this ffmpeg cannot make. */
export function makeSeeds() {
  const stamp = join(folder, 'seeds/made');
  const version = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').startsWith(version)) return [];
  rmSync(join(folder, 'seeds'), { recursive: true, force: true });
  rmSync(join(folder, 'media'), { recursive: true, force: true });
  const put = (target, name, content) => writeFileSync(join(folder, 'seeds', target, name), content);
  const choices = ['access', 'frame_maker', 'head', 'model_spec'];
  for (const target of ['audio_copy', 'demux', 'pipeline_spec', 'playlist', ...choices])
    mkdirSync(join(folder, 'seeds', target), { recursive: true });
  const missing = makeClips();
  makeMedia();
  for (const [name, text] of Object.entries(playlists)) put('playlist', `${name}.m3u8`, text);
  for (const [name, spec] of Object.entries(plans)) put('pipeline_spec', `${name}.json`, JSON.stringify(spec));
  for (const target of choices) for (let n = 0; n < 40; n++) put(target, `${n}`, bytesOf(target, n, 16 << (n % 6)));
  writeFileSync(stamp, `${version}\n${missing.join(' ')}\n`);
  return missing;
}

if (import.meta.filename === process.argv[1]) {
  const missing = makeSeeds();
  const seeds = readdirSync(join(folder, 'seeds'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  console.log(
    `${seeds.length - 1} seeds in build/fuzz/seeds${missing.length ? `; not made: ${missing.join(', ')}` : ''}`,
  );
}
