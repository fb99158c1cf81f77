// Thins a CUDA library to the GPU architectures that are wanted: the machine code of all others is overwritten with zeros.
// The file keeps its size and its addresses, so nothing else in it has to change, and compresses to almost nothing there.
//
// Layout, as cuobjdump shows it: the ELF section .nv_fatbin is a row of containers {magic 0xBA55ED50, version u16, header
// size u16, size u64}, each a row of entries {kind u16 (1 PTX, 2 machine code), version u16, header size u32, size u64, ...,
// architecture u32 at 28}.
const containerMagic = 0xba55ed50;

/** {offset, size} of a section of a 64-bit little-endian ELF file. */
function section(elf, wanted) {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2)
    throw new Error('This is no 64-bit ELF file');
  const table = Number(elf.readBigUInt64LE(40));
  const [entryBytes, count, namesAt] = [58, 60, 62].map((at) => elf.readUInt16LE(at));
  const header = (i) => {
    const at = table + i * entryBytes;
    return {
      name: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  };
  const names = header(namesAt).offset;
  for (let i = 0; i < count; i++) {
    const { name, offset, size } = header(i);
    if (elf.toString('latin1', names + name, elf.indexOf(0, names + name)) === wanted) return { offset, size };
  }
  throw new Error(`The file has no section ${wanted}`);
}

/** What is in the file for GPUs: [{kind: 'ptx' | 'elf', arch (90 for sm_90), offset, size}], of the payloads. */
export function gpuCode(elf) {
  const { offset, size } = section(elf, '.nv_fatbin');
  const end = offset + size;
  const found = [];
  for (let at = offset; at + 16 <= end; ) {
    if (elf.readUInt32LE(at) !== containerMagic) {
      at += 8; // padding between containers
      continue;
    }
    const first = at + elf.readUInt16LE(at + 6);
    const last = first + Number(elf.readBigUInt64LE(at + 8));
    if (last > end) throw new Error('A container of GPU code reaches beyond its section');
    for (let entry = first; entry + 64 <= last; ) {
      const headerBytes = elf.readUInt32LE(entry + 4);
      const bytes = Number(elf.readBigUInt64LE(entry + 8));
      if (headerBytes < 32) throw new Error('An entry of GPU code has no header');
      const kind = { 1: 'ptx', 2: 'elf' }[elf.readUInt16LE(entry)] ?? 'other';
      found.push({ kind, arch: elf.readUInt32LE(entry + 28), offset: entry + headerBytes, size: bytes });
      entry += headerBytes + bytes;
    }
    at = (last + 7) & ~7;
  }
  return found;
}

/**
 * Overwrites, in place, all GPU code but machine code for `keep` ([90] for sm_90).
 * @returns {kept, zeroed} bytes
 * @throws Error when nothing would be left for one of `keep`, naming what there is
 */
export function thin(elf, keep) {
  const code = gpuCode(elf);
  const there = [...new Set(code.filter(({ kind }) => kind === 'elf').map(({ arch }) => arch))].sort((a, b) => a - b);
  const missing = keep.filter((arch) => !there.includes(arch));
  if (missing.length)
    throw new Error(`There is no code for sm_${missing.join(', sm_')} in it, only for sm_${there.join(', sm_')}`);
  let [kept, zeroed] = [0, 0];
  for (const { kind, arch, offset, size } of code) {
    if (kind === 'elf' && keep.includes(arch)) {
      kept += size;
    } else {
      elf.fill(0, offset, offset + size);
      zeroed += size;
    }
  }
  return { kept, zeroed };
}
