/** Video vision pipelines: decode, detect, track, identify, compose, encode. */
export type { ConfigFile, Decided, DecidedSettings, Settings } from './config.js';
export { type ErrorCode, type ErrorDetails, errorCodes, FramepathError } from './errors.js';
export type { ExplainedModel, ExplainedModule, Explanation } from './explain/explanation.js';
export type { Frame, FrameBase, JpegRequest, Pixels, PixelsRequest } from './frame.js';
export type { TrackMark } from './generated/enums.js';
export type * from './generated/plan.js';
export type {
  AudioInfo,
  BitrateReport,
  BitrateTarget,
  Box,
  BoxClasses,
  Classification,
  CodedError,
  CopiesReport,
  Detection,
  FollowReport,
  FrameTimes,
  GpuReport,
  HostReport,
  Identity,
  LiveReport,
  Mask,
  ModelReport,
  OutputReport,
  Percentiles,
  Person,
  Progress,
  ProviderFallback,
  Range,
  Recording,
  Recovery,
  ReidReport,
  Relink,
  Report,
  SourceInfo,
  SourceProgress,
  SourceReport,
  StageReport,
  StageTimes,
  Tensor,
  Timeline,
  Track,
} from './generated/results.js';
export {
  type CanvasOptions,
  type CustomTile,
  type Fit,
  type FollowOptions,
  type FollowTile,
  focus,
  follow,
  grid,
  type Layout,
  layout,
  single,
  split,
  type Tile,
  type WholeTile,
} from './layout.js';
export type { Limits } from './limits.js';
export type { ModuleSettings } from './module-settings.js';
export { type AnalyzerOptions, type AnalyzerUse, analyzer, type Isolation } from './modules/analyzer.js';
export { type ClassifyBoxesOptions, classify } from './modules/classify.js';
export {
  type AnalyzerDefinition,
  type Dependency,
  defineAnalyzer,
  type FrameFacts,
  type Observed,
} from './modules/definition.js';
export { type DetectOptions, detect } from './modules/detect.js';
export type { CudaPicture } from './modules/device-input.js';
export { type IdentifyOptions, identify } from './modules/identify.js';
export type { InputCrop, InputOf, InputPicture, InputRequest } from './modules/input.js';
export type { ModelFacts, Module, OnError, Policy } from './modules/module.js';
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './modules/schema.js';
export { type TrackOptions, track } from './modules/track.js';
export { raw } from './modules/whole-picture.js';
export type { InputWindow } from './modules/window.js';
export type { BitrateRange, ComposeOptions, EncodeOptions } from './output.js';
export { type MissingModules, type Pipeline, pipeline, type StartOptions } from './pipeline.js';
export { probe } from './probe.js';
export type { Canvas, CanvasRequest, Packet, Picture, Run } from './run/run.js';
export type { StageMessage } from './run/stages.js';
export {
  type CameraOptions,
  camera,
  type FramesOptions,
  frames,
  type ImagesOptions,
  images,
  type PixelFormat,
  type PushedFrame,
  type Source,
  type SourceRef,
  type VideoOptions,
  video,
} from './source.js';
