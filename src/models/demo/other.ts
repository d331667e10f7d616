import { z, ZodError } from "zod";
import { estimateText } from "../estimate.ts";
import { featureVector, overlap } from "./features.ts";
import { paintPng } from "./png.ts";

const DEFAULT_DIMENSIONS = 256;

const embeddingSchema = z.looseObject({
  model: z.string(),
  input: z.array(z.string()),
  dimensions: z.int().positive().max(4096).nullish(),
});

const rerankSchema = z.looseObject({
  model: z.string(),
  query: z.string(),
  documents: z.array(z.string()),
  top_n: z.int().positive().nullish(),
});

const imageSchema = z.looseObject({
  model: z.string(),
  prompt: z.string(),
  n: z.int().positive().max(10).nullish(),
  size: z
    .string()
    .regex(/^\d{2,4}x\d{2,4}$/, "size is no WIDTHxHEIGHT")
    .nullish(),
});

/** The demo's answer to what is no chat; undefined for chat. */
export function demoOther({ pathname }: URL, body: unknown): Response | undefined {
  const answer = ANSWERS.find(([path]) => pathname.endsWith(path))?.[1];
  if (answer === undefined) return undefined;
  try {
    return Response.json(answer(JSON.parse(typeof body === "string" ? body : "")));
  } catch (error) {
    return demoRefusal(error);
  }
}

/** What the demo says of a request that no server would take. */
export function demoRefusal(error: unknown): Response {
  const message = error instanceof ZodError ? error.issues[0]?.message : "body is not JSON";
  const detail = { message: `demo: ${message}`, type: "invalid_request_error", code: "invalid" };
  return Response.json({ error: detail }, { status: 400 });
}

const ANSWERS: readonly (readonly [string, (body: unknown) => object])[] = [
  ["/images/generations", paint],
  ["/embeddings", embed],
  ["/rerank", rank],
];

function embed(body: unknown): object {
  const { model, input, dimensions } = embeddingSchema.parse(body);
  const tokens = input.reduce((sum, text) => sum + estimateText(text), 0);
  return {
    object: "list",
    model,
    data: input.map((text, index) => ({
      object: "embedding",
      index,
      embedding: featureVector(text, dimensions ?? DEFAULT_DIMENSIONS),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function rank(body: unknown): object {
  const { model, query, documents, top_n: topN } = rerankSchema.parse(body);
  const results = documents
    .map((document, index) => ({ index, relevance_score: overlap(query, document) }))
    .toSorted((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, topN ?? documents.length);
  const words = documents.reduce((sum, document) => sum + estimateText(document), 0);
  const total = words + documents.length * estimateText(query);
  return { model, results, usage: { total_tokens: total } };
}

function paint(body: unknown): object {
  const { prompt, n, size } = imageSchema.parse(body);
  const [width = 256, height = 256] = (size ?? "256x256").split("x").map(Number);
  const data = Array.from({ length: n ?? 1 }, (_, index) => ({
    b64_json: paintPng(`${prompt} ${index}`, { width, height }).toString("base64"),
  }));
  return { created: 0, data, usage: { input_tokens: estimateText(prompt) } };
}
