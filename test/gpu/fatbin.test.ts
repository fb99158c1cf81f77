import { expect, test } from 'vitest';
import { gpuCode, thin } from '../../scripts/gpu/fatbin.mjs';

interface Entry {
  kind: 1 | 2;
  arch: number;
  payload: string;
}

function entryBytes({ kind, arch, payload }: Entry): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt16LE(kind, 0);
  header.writeUInt32LE(64, 4);
  header.writeBigUInt64LE(BigInt(payload.length), 8);
  header.writeUInt32LE(arch, 28);
  return Buffer.concat([header, Buffer.from(payload)]);
}

function containerBytes(entries: Entry[]): Buffer {
  const body = Buffer.concat(entries.map(entryBytes));
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xba55ed50, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(16, 6);
  header.writeBigUInt64LE(BigInt(body.length), 8);
  return Buffer.concat([header, body, Buffer.alloc((8 - ((16 + body.length) % 8)) % 8)]);
}

/** An ELF file with the sections .other and .nv_fatbin. */
function elfWith(containers: Entry[][]): Buffer {
  const code = Buffer.concat([...containers.map(containerBytes), Buffer.alloc(8)]);
  const names = Buffer.from('\0.other\0.nv_fatbin\0.names\0');
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header[4] = 2;
  const [otherAt, codeAt, namesAt] = [64, 72, 72 + code.length];
  const table = namesAt + names.length;
  header.writeBigUInt64LE(BigInt(table), 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(2, 62);
  const section = (name: string, offset: number, size: number) => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0);
    bytes.writeBigUInt64LE(BigInt(offset), 24);
    bytes.writeBigUInt64LE(BigInt(size), 32);
    return bytes;
  };
  return Buffer.concat([
    header,
    Buffer.from('the rest'),
    code,
    names,
    section('.other', otherAt, 8),
    section('.nv_fatbin', codeAt, code.length),
    section('.names', namesAt, names.length),
  ]);
}

const containers: Entry[][] = [
  [
    { kind: 2, arch: 80, payload: 'machine code for eighty' },
    { kind: 2, arch: 90, payload: 'machine code for ninety' },
  ],
  [
    { kind: 2, arch: 90, payload: 'more for ninety' },
    { kind: 1, arch: 90, payload: 'text for any' },
  ],
];

test('what a library has for GPUs is listed', () => {
  expect(
    gpuCode(elfWith(containers)).map(({ kind, arch }: { kind: string; arch: number }) => `${kind} ${arch}`),
  ).toEqual(['elf 80', 'elf 90', 'elf 90', 'ptx 90']);
});

test('thinning keeps the code of one architecture, every address and all that is no GPU code', () => {
  const before = elfWith(containers);
  const after = Buffer.from(before);
  expect(thin(after, [90])).toEqual({ kept: 23 + 15, zeroed: 23 + 12 });
  expect(after.length).toBe(before.length);
  expect(after.includes('machine code for ninety')).toBe(true);
  expect(after.includes('more for ninety')).toBe(true);
  expect(after.includes('the rest')).toBe(true);
  expect(after.includes('eighty')).toBe(false);
  expect(after.includes('text for any')).toBe(false);
  const changed = [...before].filter((byte, i) => byte !== after[i]).length;
  expect(changed).toBe(23 + 12);
});

test('an architecture that the library has no code for is refused, and nothing is touched', () => {
  const before = elfWith(containers);
  const after = Buffer.from(before);
  expect(() => thin(after, [90, 120])).toThrow('There is no code for sm_120 in it, only for sm_80, sm_90');
  expect(after.equals(before)).toBe(true);
});

test('what is no ELF file, or holds no GPU code, is reported as such', () => {
  expect(() => gpuCode(Buffer.from('text'))).toThrow('no 64-bit ELF');
  const other = elfWith(containers);
  other.write('.nv_other', other.indexOf('.nv_fatbin'));
  expect(() => gpuCode(other)).toThrow('no section .nv_fatbin');
});
