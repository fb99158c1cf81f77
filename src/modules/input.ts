/** The pixels a module asks for: made natively once a frame, in memory that threads and processes share. */
import type { InputFormat } from '../generated/enums.js';
import type { Box } from '../generated/results.js';
import { inputRequestRules } from '../generated/rules.js';
import type { InputRequest } from '../generated/specs.js';
import { fields, unexpected } from '../validate.js';
import type { CudaPicture } from './device-input.js';
import { checkWindow, type InputWindow } from './window.js';

export type { InputRequest };

/**
 * A picture in shared memory, rows without padding. It is there until `analyze` has answered: copy what you keep
 * (`data.slice()`). Do not write to it: others may look at the same pixels.
 */
export interface InputPicture {
  /** of a picture on a GPU: a copy, made when first asked for */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: InputFormat;
  /** where it lies on a GPU: only of `memory: 'device'`, where frames are on one */
  readonly cuda?: CudaPicture;
}

/** A crop: what it shows of the frame, and whose box that is. */
export interface InputCrop extends InputPicture {
  /** pixels of the frame */
  readonly box: Box;
  /** position in the list of the module that was named */
  readonly index: number;
}

/** `frame.input` by what was asked for. */
export type InputOf<I> = I extends { readonly of: string }
  ? { readonly input: readonly InputWindow[] }
  : I extends { readonly crop: string }
    ? { readonly input: readonly InputCrop[] }
    : I extends InputRequest
      ? { readonly input: InputPicture }
      : object;

/** @internal */
export function checkInput(name: string, value: unknown): void {
  fields(name, value, inputRequestRules);
  const { width, height, format, crop, align } = value as InputRequest;
  if (width === undefined && height === undefined) throw unexpected('a width or a height', name, value);
  const boxes = boxesOf(value as InputRequest);
  if (boxes !== undefined && format === 'nv12') throw unexpected('rgb24 or gray8 of crops', `${name}.format`, format);
  if (align !== undefined && align !== 'none' && boxes === undefined)
    throw unexpected('a module whose boxes are aligned', `${name}.crop`, crop);
  checkWindow(name, value as InputRequest);
}

/** The module whose boxes an input shows. @internal */
export const boxesOf = ({ crop, of }: InputRequest): string | undefined => crop ?? of;

/** The request with nothing left open that does not depend on the frame. @internal */
export function inputSpec(input: InputRequest): InputRequest {
  const { width, height, ...rest } = input;
  return boxesOf(input) === undefined ? input : { ...rest, width: width ?? height!, height: height ?? width! };
}

/** Where one input lies, as numbers of the native side; see ModuleQuestion in native.ts. @internal */
export type PackedInput = ArrayLike<number>;
