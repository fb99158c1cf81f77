// The alternatives that framepath is compared with: what each runs, with which settings, and whether it can run here.
import { join } from 'node:path';
import { hasProgram } from '../../scripts/steps/shell.mjs';
import { python } from '../../scripts/steps/system-packages.mjs';
import { modulesInstalled, nodeAvBinary, openCvMissing } from './install.mjs';

const at = (file) => join(import.meta.dirname, file);

const needsFfmpeg = () =>
  hasProgram('ffmpeg') && hasProgram('ffprobe') ? undefined : 'the ffmpeg program is not installed';
const needsModules = () => (modulesInstalled() ? undefined : 'its npm packages are not installed in bench/peers');
const needsNodeAv = () => needsModules() ?? (nodeAvBinary() ? undefined : 'node-av has no binary for this platform');

/** More than libuv's four threads where decoders, filters and an encoder block them. */
const moreThreads = { UV_THREADPOOL_SIZE: '8' };

const catalog = [
  {
    name: 'ffmpeg-pipe',
    title: 'ffmpeg program, RGB pipe, onnxruntime-node',
    pipelines: ['A'],
    settings: 'ffmpeg: auto decoder threads, scale=area, pad, rgb24; model: 1 thread, main thread',
    available: async () => needsFfmpeg() ?? needsModules(),
    program: 'ffmpeg-pipe.mjs',
  },
  {
    name: 'node-av',
    title: 'node-av, onnxruntime-node in a worker thread',
    pipelines: ['A'],
    settings: '2 decoder threads, Scaler by area (takes clips for BT.601), model: 1 thread in a worker, stages overlap',
    available: async () => needsNodeAv(),
    program: 'node-av.mjs',
    env: moreThreads,
  },
  {
    name: 'node-av',
    title: 'node-av, onnxruntime-node in a worker thread, filter graph, x264',
    pipelines: ['B'],
    settings:
      '1 thread a decoder, Scaler by area (takes clips for BT.601), model: 1 thread in a worker, scale=area + hstack, ' +
      'boxes drawn by JavaScript, x264 veryfast crf 21 auto threads, stages overlap',
    available: async () => needsNodeAv(),
    program: 'node-av-split.mjs',
    env: moreThreads,
  },
  {
    name: 'opencv',
    title: 'Python, OpenCV VideoCapture and cv2.dnn',
    pipelines: ['A'],
    settings:
      'setNumThreads(1), auto decoder threads, INTER_LINEAR, reading in a thread of its own; published model as is',
    available: async () => openCvMissing(),
    program: 'opencv.py',
  },
  {
    name: 'ffmpeg-cli',
    title: 'ffmpeg program alone, composition without detection',
    pipelines: ['B'],
    settings:
      'auto decoder, filter and encoder threads, scale=area + hstack, x264 veryfast crf 21; NO detection, no boxes',
    detects: false,
    available: async () => needsFfmpeg(),
    program: 'ffmpeg-cli.mjs',
  },
];

/** A program of this folder and the job it is given. */
function command({ program, settings, env = {} }, job) {
  const file = program.endsWith('.py') ? python : process.execPath;
  return { file, args: [at(program), JSON.stringify({ ...job, settings })], env };
}

/**
 * `available()`: why not, or undefined. `command(job)`: the child of one trial, which writes its line of JSON.
 * `settings` goes into the result file beside the figures. `detects`: whether it writes the job's detections file.
 */
export const peers = catalog.map(({ program, env, ...peer }) => ({
  detects: true,
  ...peer,
  command: (job) => command({ program, env, settings: peer.settings }, job),
}));
