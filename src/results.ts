/** What modules say about a frame, as JavaScript sees it. Coordinates are pixels of the frame. */
import type { TrackMark } from './generated/enums.js';

export type { TrackMark };

/** `[x1, y1, x2, y2]`, pixels of the frame. */
export type Box = [x1: number, y1: number, x2: number, y2: number];

/** Which pixels of the frame an object covers, as COCO writes it: `pycocotools.mask.decode` and others read it. */
export interface Mask {
  /** the frame */
  size: [height: number, width: number];
  /** run lengths down the columns, compressed */
  counts: string;
}

/** One detected object. */
export interface Detection {
  box: Box;
  /** 0 to 1 */
  score: number;
  /** position of the class in the model's list */
  class: number;
  /** name of the class, where the model or its facts say it */
  label?: string;
  /** points of the model, in its order, in pixels of the frame */
  keypoints?: [x: number, y: number][];
  /** how sure the model is of each keypoint, 0 to 1; of pose models */
  keypointScores?: number[];
  /** of segmentation models, inside the box */
  mask?: Mask;
}

/** One tracked object seen in a frame. */
export interface Track {
  /** unique inside its source, never changes */
  track: number;
  box: Box;
  score: number;
  /** position of its detection in the detector's list; absent when it is only predicted */
  detection?: number;
  /** what the tracker noticed in this frame */
  marks: TrackMark[];
}

/** One person seen in a frame. */
export interface Person {
  /** motion track inside its source, never changes */
  track: number;
  /** identity as known now, over all sources; absent until settled */
  id?: number;
  box: Box;
  score: number;
  /** position of the detection in the detector's list; absent when only predicted */
  detection?: number;
}

/** The classes of one box of another module. */
export interface BoxClasses {
  box: Box;
  /** its motion track; absent where the boxes are a detector's */
  track?: number;
  /** best first; empty when the box is too small or has not been looked at yet */
  classes: Classification[];
}

/** One class of a classified frame or box. */
export interface Classification {
  class: number;
  label?: string;
  score: number;
}

/** One output of a raw model. */
export interface Tensor {
  dims: number[];
  /** row-major */
  data: Float64Array;
}
