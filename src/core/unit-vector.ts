/** The same direction with length 1, as it is kept and compared; a vector of zeros stays what it is. */
export function unitVector(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
