// How what is packed is divided into bundles: files of limited size, for machines that are given no more at a time.

export const mebibyte = 2 ** 20;

/** What else travels with each bundle: `unpack` and the lists of what there is. */
const reserve = mebibyte;

/**
 * Puts `parts` ([{name, bytes}]) into as few bundles as first fit finds, largest first.
 * @param limit bytes of a bundle, with what travels beside it
 * @returns [{file: '01.tar.xz', bytes, parts: [name...]}]
 * @throws RangeError when a part alone is larger than that, naming it
 */
export function divide(parts, limit) {
  const room = limit - reserve;
  const bundles = [];
  for (const { name, bytes } of [...parts].sort((a, b) => b.bytes - a.bytes)) {
    if (bytes > room)
      throw new RangeError(
        `${name} alone takes ${(bytes / mebibyte).toFixed(1)} MiB; a bundle has room for ${(room / mebibyte).toFixed(1)}`,
      );
    let bundle = bundles.find((one) => one.bytes + bytes <= room);
    if (!bundle) {
      bundle = { file: `${String(bundles.length + 1).padStart(2, '0')}.tar.xz`, bytes: 0, parts: [] };
      bundles.push(bundle);
    }
    bundle.parts.push(name);
    bundle.bytes += bytes;
  }
  return bundles;
}

/** The lines that `sha256sum -c` reads, of [{path, sha256}]. */
export function checksums(files) {
  const odd = files.find(({ path }) => /[\n\\]/.test(path));
  if (odd) throw new RangeError(`No line can name ${JSON.stringify(odd.path)}`);
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

/**
 * The highest version among symbol versions such as GLIBC_2.34, of text that `readelf -V` printed; null without any.
 * @param family `GLIBC`, `GLIBCXX`
 */
export function newestVersion(text, family) {
  const versions = [...text.matchAll(new RegExp(`\\b${family}_([\\d.]+)\\b`, 'g'))].map(([, version]) => version);
  const byParts = (a, b) => {
    const [left, right] = [a, b].map((version) => version.split('.').map(Number));
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      const difference = (left[i] ?? 0) - (right[i] ?? 0);
      if (difference) return difference;
    }
    return 0;
  };
  return versions.sort(byParts).at(-1) ?? null;
}
