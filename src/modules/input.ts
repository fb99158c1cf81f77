/** The pixels a module asks for: made natively once a frame, in memory that threads and processes share. */
import type { InputFormat } from '../generated/enums.js';
import { pictureRow, slotRow } from '../generated/packed.js';
import type { Box } from '../generated/results.js';
import { inputRequestRules } from '../generated/rules.js';
import type { InputRequest } from '../generated/specs.js';
import type { CudaBlock, SharedInputs } from '../native.js';
import { fields, unexpected } from '../validate.js';
import { type CudaPicture, DevicePicture, download, placeIn } from './device-input.js';
import { checkWindow, type InputWindow, readWindows } from './window.js';

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

/** Reads inputs where this thread or process has mapped them. @internal */
export class InputViews {
  /** by offset: slots never move and never change their size */
  readonly #slots = new Map<number, ArrayBuffer>();
  /** handles of the GPU's blocks that can be read here */
  readonly #reached = new Set<string>();
  /** why one of them cannot: then none is, so that what is asked again on the host stays in order */
  #outOfReach: unknown;

  constructor(private readonly shared: SharedInputs) {}

  /** `cuda`: where they lie, if not in the shared memory */
  read(
    packed: PackedInput,
    { crop, of, format = 'rgb24' }: InputRequest,
    cuda?: CudaBlock,
  ): InputPicture | InputCrop[] | InputWindow[] {
    if (of !== undefined) return readWindows(packed, format, (offset, capacity) => this.#slot(offset, capacity));
    if (cuda?.handle) this.#reach(cuda.device, cuda.handle);
    if (crop === undefined) return this.#picture(packed, slotRow.size, format, cuda);
    const crops: InputCrop[] = [];
    for (let at: number = slotRow.size; at < packed.length; at += pictureRow.size) {
      const get = (column: number) => packed[at + column]!;
      const box: Box = [get(pictureRow.x1), get(pictureRow.y1), get(pictureRow.x2), get(pictureRow.y2)];
      crops.push(Object.assign(this.#picture(packed, at, format, cuda), { box, index: get(pictureRow.index) }));
    }
    return crops;
  }

  #picture(packed: PackedInput, at: number, format: InputPicture['format'], cuda: CudaBlock | undefined): InputPicture {
    const [slot, capacity] = [packed[slotRow.slot]!, packed[slotRow.capacity]!];
    const [offset, bytes] = [packed[at + pictureRow.offset]!, packed[at + pictureRow.bytes]!];
    const [width, height] = [packed[at + pictureRow.width]!, packed[at + pictureRow.height]!];
    if (cuda) return new DevicePicture(this.shared, placeIn(cuda, slot + offset, bytes), width, height, format);
    return { data: new Uint8Array(this.#slot(slot, capacity), offset, bytes), width, height, format };
  }

  /** Before `analyze` begins: it would be asked twice about a frame if it found out itself. @throws OutOfReach */
  #reach(device: number, handle: Uint8Array): void {
    if (this.#outOfReach) throw this.#outOfReach;
    const key = Buffer.from(handle).toString('latin1');
    if (this.#reached.has(key)) return;
    try {
      download(this.shared, { device, handle, offset: 0, bytes: 1 });
    } catch (error) {
      this.#outOfReach = error;
      throw error;
    }
    this.#reached.add(key);
  }

  #slot(offset: number, capacity: number): ArrayBuffer {
    let slot = this.#slots.get(offset);
    if (!slot) {
      slot = this.shared.view(offset, capacity);
      this.#slots.set(offset, slot);
    }
    return slot;
  }
}
