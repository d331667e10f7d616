/** The product of a vector and the one that begins at a place; the cosine where both have length 1. */
export function dotAt(wanted: Float32Array, vectors: Float32Array, start: number): number {
  const { length } = wanted;
  const even = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  // Four sums at a time do not wait for each other.
  for (let at = 0; at < even; at += 4) {
    const from = start + at;
    a += (wanted[at] ?? 0) * (vectors[from] ?? 0);
    b += (wanted[at + 1] ?? 0) * (vectors[from + 1] ?? 0);
    c += (wanted[at + 2] ?? 0) * (vectors[from + 2] ?? 0);
    d += (wanted[at + 3] ?? 0) * (vectors[from + 3] ?? 0);
  }
  for (let at = even; at < length; at++) a += (wanted[at] ?? 0) * (vectors[start + at] ?? 0);
  return a + b + c + d;
}
