import { pictureRow, slotRow } from '../generated/packed.js';
import type { Box } from '../generated/results.js';
import type { CudaBlock, SharedInputs } from '../native.js';
import { DevicePicture, download, placeIn } from './device-input.js';
import type { InputCrop, InputPicture, InputRequest, PackedInput } from './input.js';
import { type InputWindow, readWindows } from './window.js';

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
    const slot = this.#slots.get(offset) ?? this.shared.view(offset, capacity);
    this.#slots.set(offset, slot);
    return slot;
  }
}
