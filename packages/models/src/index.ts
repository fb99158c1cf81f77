/** Reads, fixes, converts, generates and fetches models. Needs no addon. */
export { type AddedModel, addModel } from './add.js';
export { convertModel } from './convert/convert.js';
export type { ConvertOptions } from './convert/options.js';
export { type FixName, type FixResult, fixModel, sha256 } from './fixes.js';
export { type GeneratedModel, generateModels, type ModelSources } from './generate.js';
export { GraphBuilder } from './graph-builder.js';
export { readModelFile } from './model-bytes.js';
export { ModelError, type ModelErrorCode } from './model-error.js';
export type { NpmPackage } from './npm-package.js';
export { findOnDemand, type OnDemandModel, onDemandModels } from './on-demand.js';
export type { Attributes } from './onnx-attributes.js';
export {
  type Attribute,
  DataType,
  type Dimension,
  type Graph,
  getMetadata,
  type Metadata,
  type Model,
  type Node,
  OnnxFormatError,
  type Opset,
  readModel,
  setMetadata,
  type Tensor,
  type ValueInfo,
  writeModel,
} from './onnx-proto.js';
export { type RegisteredModel, registry } from './registry.js';
