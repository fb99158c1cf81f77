/**
 * Dependencies, soname and symbol versions of a shared library, from its dynamic section: System V ABI, chapter 5 ("Dynamic Linking"), and
 * Linux Standard Base 5.0, chapter 10.7 ("Symbol Versioning").
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface Elf {
  /** sonames of its dependencies */
  needed: string[];
  soname: string | undefined;
  /** symbol versions that it defines, e.g. `VERS_1.29.0` */
  versions: string[];
}

const machines: Partial<Record<string, number>> = { x64: 62, arm64: 183, arm: 40, ia32: 3, riscv64: 243 };
const tag = { needed: 1, strtab: 5, soname: 14, verdef: 0x6ffffffc, verdefNum: 0x6ffffffd };
const segment = { load: 1, dynamic: 2 };
/** Bounds above any real library, so that reading a damaged file ends. */
const most = { headers: 256, dynamicBytes: 1 << 16, versions: 1024, nameBytes: 512 };

/** Undefined for a file that is damaged, or no little-endian ELF file of this machine. */
export function readElf(path: string): Elf | undefined {
  const file = openSync(path, 'r');
  try {
    return read((offset, size) => {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(file, bytes, 0, size, offset));
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined; // an offset outside of the file
    throw error;
  } finally {
    closeSync(file);
  }
}

type ReadAt = (offset: number, size: number) => Buffer;

function read(at: ReadAt): Elf | undefined {
  const head = at(0, 64);
  if (head.length < 52 || head.toString('latin1', 0, 4) !== '\x7fELF' || head[5] !== 1) return undefined;
  if (head.readUInt16LE(18) !== machines[process.arch]) return undefined;
  const wide = head[4] === 2;
  const word = (bytes: Buffer, offset: number) =>
    wide ? Number(bytes.readBigUInt64LE(offset)) : bytes.readUInt32LE(offset);
  const segments = segmentsOf(at, head, wide, word);
  const dynamic = segments.find(({ type }) => type === segment.dynamic);
  if (!dynamic) return { needed: [], soname: undefined, versions: [] };

  const bytes = at(dynamic.offset, Math.min(dynamic.size, most.dynamicBytes));
  const size = wide ? 16 : 8;
  const entries: [number, number][] = [];
  for (let i = 0; i + size <= bytes.length; i += size) entries.push([word(bytes, i), word(bytes, i + size / 2)]);
  const entryOf = (wanted: number) => entries.find(([type]) => type === wanted)?.[1];
  /** offset in the file of an address of the loaded library */
  const offsetOf = (address: number) => {
    const holder = segments.find(
      (s) => s.type === segment.load && address >= s.address && address < s.address + s.size,
    );
    if (!holder) throw new RangeError('an address outside of every segment');
    return address - holder.address + holder.offset;
  };
  const names = offsetOf(entryOf(tag.strtab) ?? -1);
  const nameAt = (offset: number) => {
    const text = at(names + offset, most.nameBytes);
    return text.toString('utf8', 0, Math.max(0, text.indexOf(0)));
  };
  const soname = entryOf(tag.soname);
  const verdef = entryOf(tag.verdef);
  return {
    needed: entries.filter(([type]) => type === tag.needed).map(([, offset]) => nameAt(offset)),
    soname: soname === undefined ? undefined : nameAt(soname),
    versions: verdef === undefined ? [] : versionsAt(at, offsetOf(verdef), entryOf(tag.verdefNum) ?? 0).map(nameAt),
  };
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

function segmentsOf(at: ReadAt, head: Buffer, wide: boolean, word: (bytes: Buffer, offset: number) => number) {
  const start = word(head, wide ? 32 : 28);
  const size = head.readUInt16LE(wide ? 54 : 42);
  const count = Math.min(head.readUInt16LE(wide ? 56 : 44), most.headers);
  return Array.from({ length: count }, (_, i): Segment => {
    const bytes = at(start + i * size, size);
    return {
      type: bytes.readUInt32LE(0),
      offset: word(bytes, wide ? 8 : 4),
      address: word(bytes, wide ? 16 : 8),
      size: word(bytes, wide ? 32 : 16),
    };
  });
}

/** Offsets of the names of defined versions; the first is that of the library itself. */
function versionsAt(at: ReadAt, start: number, count: number): number[] {
  const names: number[] = [];
  let offset = start;
  for (let i = 0; i < Math.min(count, most.versions); i++) {
    const definition = at(offset, 20);
    const isBase = (definition.readUInt16LE(2) & 1) !== 0;
    if (!isBase) names.push(at(offset + definition.readUInt32LE(12), 8).readUInt32LE(0));
    const next = definition.readUInt32LE(16);
    if (next === 0) break;
    offset += next;
  }
  return names;
}
