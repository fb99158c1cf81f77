import { expect, test } from 'vitest';
import { checksums, divide, mebibyte, newestVersion } from '../../scripts/gpu/bundles.mjs';

const part = (name: string, mib: number) => ({ name, bytes: mib * mebibyte });

test('parts fill as few bundles as first fit finds, and none is over the limit', () => {
  const bundles = divide([part('base', 16), part('clips', 31), part('node', 22), part('provider', 38)], 55 * mebibyte);
  expect(bundles.map(({ file, parts }: { file: string; parts: string[] }) => [file, parts])).toEqual([
    ['01.tar.xz', ['provider', 'base']],
    ['02.tar.xz', ['clips', 'node']],
  ]);
  for (const { bytes } of bundles) expect(bytes).toBeLessThanOrEqual(54 * mebibyte);
});

test('every part is in exactly one bundle, whatever their sizes', () => {
  for (let seed = 1; seed < 50; seed++) {
    const parts = Array.from({ length: seed }, (_, i) => part(`p${i}`, ((i * 7919 * seed) % 53) + 0.5));
    const bundles = divide(parts, 55 * mebibyte);
    const names = bundles.flatMap(({ parts: of }: { parts: string[] }) => of);
    expect([...names].sort()).toEqual(parts.map(({ name }) => name).sort());
    for (const bundle of bundles) {
      const sum = bundle.parts.reduce(
        (total: number, name: string) => total + parts.find((one) => one.name === name)!.bytes,
        0,
      );
      expect(bundle.bytes).toBe(sum);
      expect(sum).toBeLessThanOrEqual(54 * mebibyte);
    }
  }
});

test('a part that fits into no bundle is named', () => {
  expect(() => divide([part('provider', 70)], 55 * mebibyte)).toThrow(
    'provider alone takes 70.0 MiB; a bundle has room for 54.0',
  );
});

test('checksums are lines of sha256sum', () => {
  expect(checksums([{ path: 'app/a b.js', sha256: 'ff' }])).toBe('ff  app/a b.js\n');
  expect(() => checksums([{ path: 'a\nb', sha256: 'ff' }])).toThrow(RangeError);
});

test('the newest version is the one with the highest numbers, of that family', () => {
  const text = 'Name: GLIBC_2.4\n GLIBC_2.34  GLIBC_2.17 GLIBCXX_3.4.30 GLIBC_2.2.5';
  expect(newestVersion(text, 'GLIBC')).toBe('2.34');
  expect(newestVersion(text, 'GLIBCXX')).toBe('3.4.30');
  expect(newestVersion('nothing', 'GLIBC')).toBeNull();
});
