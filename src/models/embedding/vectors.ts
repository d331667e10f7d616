import type { Model } from "../model.ts";
import { malformedAnswer, unfitAnswer } from "../failures/upstream-error.ts";
import { asWireObject, itemsOf, type WireObject } from "../wire.ts";

/** The vectors of an answer in the order of what was sent; throws UpstreamError where they are not whole. */
export function readVectors(model: Model, answer: unknown, count: number): number[][] {
  const vectors = listed(model, answer, count);
  if (vectors.length !== count)
    throw malformedAnswer(model, `sent ${vectors.length} vectors for ${count} texts`);
  return vectors.map((vector) => numbers(model, vector));
}

/** All of one size, and of the size asked for; throws UpstreamError otherwise. */
export function requireSize(
  model: Model,
  vectors: readonly number[][],
  wanted: number | undefined,
): void {
  const size = wanted ?? vectors[0]?.length;
  const other = vectors.find((vector) => vector.length !== size);
  if (other === undefined) return;
  const what =
    wanted === undefined
      ? `sent vectors of different sizes, ${size} and ${other.length}`
      : `sent vectors of ${other.length} numbers where ${wanted} were asked for`;
  throw unfitAnswer(model, what);
}

/** The same direction with length 1; a vector of zeros stays what it is. */
export function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? [...vector] : vector.map((value) => value / length);
}

/** OpenAI's `data` by its indexes, else the plain lists of Cohere and Ollama. */
function listed(model: Model, answer: unknown, count: number): unknown[] {
  const body = asWireObject(answer);
  const plain = asWireObject(body?.["embeddings"])?.["float"] ?? body?.["embeddings"];
  if (Array.isArray(plain)) return [...itemsOf(plain)];
  const items = itemsOf(body?.["data"]).map((item) => asWireObject(item) ?? {});
  const isIndexed = items.some((item) => typeof item["index"] === "number");
  if (!isIndexed) return items.map((item) => item["embedding"]);
  return byIndex(model, items, count);
}

function byIndex(model: Model, items: readonly WireObject[], count: number): unknown[] {
  const placed = new Map<unknown, unknown>();
  for (const item of items) {
    const { index } = item;
    const isPlace = Number.isInteger(index) && Number(index) >= 0 && Number(index) < count;
    if (!isPlace || placed.has(index))
      throw malformedAnswer(
        model,
        `sent a vector for text ${String(index)}, which is not one of ${count}`,
      );
    placed.set(index, item["embedding"]);
  }
  return Array.from({ length: count }, (_, index) => placed.get(index)).filter(
    (vector) => vector !== undefined,
  );
}

function numbers(model: Model, vector: unknown): number[] {
  const values = typeof vector === "string" ? decoded(vector) : itemsOf(vector);
  if (values.length === 0 || !values.every((value) => Number.isFinite(value)))
    throw malformedAnswer(model, "sent a vector that does not consist of numbers");
  return values.map(Number);
}

/** Little-endian 32-bit floats in base64, as OpenAI has them. */
function decoded(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 4 !== 0) return [];
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}
