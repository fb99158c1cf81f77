/** What a name that nobody has was probably meant to be. */

/** Edits between two words, a swap of neighbours being one (optimal string alignment; Damerau 1964, Wagner and Fischer 1974). */
function distance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}

/** A name that is longer is not compared: it is no slip of the keyboard. */
const longest = 64;

/** The known names nearest to `name`, upper and lower case being one; none when all are too different. */
export function nearest(name: string, known: Iterable<string>): string[] {
  if (name.length > longest) return [];
  const wanted = name.toLowerCase();
  const atMost = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  const found = [...new Set(known)]
    .filter((other) => other !== name && Math.abs(other.length - name.length) <= atMost)
    .map((other) => ({ other, edits: distance(wanted, other.toLowerCase()) }))
    .filter(({ edits, other }) => edits <= atMost && edits < other.length);
  const least = Math.min(...found.map(({ edits }) => edits));
  return found.filter(({ edits }) => edits === least).map(({ other }) => other);
}

/** `; did you mean 'faces'?`, to go behind a sentence, or nothing. */
export function didYouMean(name: unknown, known: Iterable<string>): string {
  const names = typeof name === 'string' ? nearest(name, known) : [];
  return names.length > 0 ? `; did you mean ${names.map((one) => `'${one}'`).join(' or ')}?` : '';
}
