/** Pictures that lie on a GPU, for analyzers with `memory: 'device'` in their input. */
import { messageOf, toFramepathError } from '../errors.js';
import type { CudaBlock, SharedInputs } from '../native.js';
import type { InputPicture } from './input.js';

/**
 * Where a picture lies on a GPU: bytes in rows without padding. They are done when `analyze` is called, and are there until it
 * has answered. Where the analyzer runs in this process (`inline`, `thread`) there is a `pointer`, else a `handle` and `offset`.
 */
export interface CudaPicture {
  /** number of the GPU */
  readonly device: number;
  /** the process whose memory it is */
  readonly pid: number;
  readonly bytes: number;
  /** address of its first byte (CUdeviceptr), for native packages in process `pid` */
  readonly pointer?: bigint;
  /** CUipcMemHandle of 64 bytes, for cuIpcOpenMemHandle in another process; it stands for a block with many pictures */
  readonly handle?: Uint8Array;
  /** of the first byte in that block */
  readonly offset?: number;
}

/** The GPU's memory cannot be read here: the analyzer is asked again with pixels in memory of the host. @internal */
export class OutOfReach extends Error {
  override readonly name = 'OutOfReach';
}

/** @internal */
export function placeIn({ device, pid, pointer, handle }: CudaBlock, offset: number, bytes: number): CudaPicture {
  if (pointer !== undefined) return { device, pid, bytes, pointer: pointer + BigInt(offset) };
  return { device, pid, bytes, handle: handle!, offset };
}

/** A copy of bytes on a GPU. @throws OutOfReach; the error of the driver in the process whose memory it is @internal */
export function download(shared: SharedInputs, place: Omit<CudaPicture, 'pid'>): Uint8Array {
  const { device, bytes, pointer, handle, offset = 0 } = place;
  try {
    return shared.download(device, bytes, pointer ?? handle!, offset);
  } catch (error) {
    if (handle) throw new OutOfReach(messageOf(error));
    throw toFramepathError(error);
  }
}

/** @internal */
export class DevicePicture implements InputPicture {
  #data: Uint8Array | undefined;

  constructor(
    private readonly shared: SharedInputs,
    readonly cuda: CudaPicture,
    readonly width: number,
    readonly height: number,
    readonly format: InputPicture['format'],
  ) {}

  get data(): Uint8Array {
    this.#data ??= download(this.shared, this.cuda);
    return this.#data;
  }
}
