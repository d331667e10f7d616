const WORD = /[\p{L}\p{N}]+/gu;
const HAN_RUN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu;
const GRAM = 3;

/** The pieces that two texts on one subject share, each with its weight: words and parts of words, signs and pairs of signs. */
export function featuresOf(text: string): ReadonlyMap<string, number> {
  const features = new Map<string, number>();
  const add = (feature: string, weight: number) =>
    features.set(feature, (features.get(feature) ?? 0) + weight);
  const plain = text.normalize("NFKC").toLowerCase();
  for (const [run] of plain.matchAll(HAN_RUN)) {
    const signs = Array.from(run);
    for (const [index, sign] of signs.entries()) {
      add(sign, 0.5);
      const next = signs[index + 1];
      if (next !== undefined) add(sign + next, 1);
    }
  }
  for (const [word] of plain.replace(HAN_RUN, " ").matchAll(WORD)) {
    add(word, 1);
    const framed = `^${word}$`;
    for (let at = 0; at + GRAM <= framed.length; at++) add(framed.slice(at, at + GRAM), 0.3);
  }
  return features;
}

/** A vector of length 1, in which each feature has a place by its hash; similar texts are near. */
export function featureVector(text: string, size: number): number[] {
  const vector = Array.from({ length: size }, () => 0);
  for (const [feature, weight] of featuresOf(text)) {
    const hash = hashOf(feature);
    const place = hash % size;
    const sign = hash & 0x8000_0000 ? -1 : 1;
    vector[place] = (vector[place] ?? 0) + sign * Math.log1p(weight);
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** How much of a query a document holds, from 0 to 1. */
export function overlap(query: string, document: string): number {
  const wanted = featuresOf(query);
  const held = featuresOf(document);
  let [found, all] = [0, 0];
  for (const [feature, weight] of wanted) {
    all += weight;
    if (held.has(feature)) found += weight;
  }
  return all === 0 ? 0 : found / all;
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}
