import type { Answer } from "../fake-provider.ts";
import { type Json, sendJson } from "./shape.ts";

/** An embedding server as its wire shows it. */
export interface EmbeddingShape {
  /** Fields of the model file besides url and key. */
  readonly fields: Json;
  readonly baseUrl?: (url: string) => string;
  readonly path: string;
  /** Most texts it takes. */
  readonly rows: number;
  /** The body it must be sent for these texts. */
  body(texts: readonly string[]): Json;
  readonly answer: Answer;
  /** The usage that counts of every answer. */
  readonly tokens: number;
}

/** A vector that tells which text it belongs to. */
export const vectorOf = (text: string): number[] => [text.length, 0.5, -0.25];

const TOKENS = 11;
const USAGE = { prompt_tokens: TOKENS, total_tokens: TOKENS };

const textsOf = (body: Json, key: string): string[] => (body[key] as string[]) ?? [];

/** OpenAI's answer, the vectors in the wrong order, as the wire allows. */
const data: Answer = (response, { body }) => {
  const items = textsOf(body, "input").map((text, index) => ({
    object: "embedding",
    index,
    embedding: vectorOf(text),
  }));
  sendJson(response, { object: "list", data: items.toReversed(), usage: USAGE });
};

const base64: Answer = (response, { body }) => {
  const items = textsOf(body, "input").map((text, index) => ({
    index,
    embedding: Buffer.from(Float32Array.from(vectorOf(text)).buffer).toString("base64"),
  }));
  sendJson(response, { data: items, usage: USAGE });
};

/** Cohere's answer has no indexes. */
const cohere: Answer = (response, { body }) =>
  sendJson(response, {
    embeddings: { float: textsOf(body, "texts").map(vectorOf) },
    meta: { billed_units: { input_tokens: TOKENS } },
  });

/** Older servers give no index, and no usage. */
const plain: Answer = (response, { body }) =>
  sendJson(response, {
    data: textsOf(body, "input").map((text) => ({ embedding: vectorOf(text) })),
  });

const openAiBody =
  (model: string, more: Json = { encoding_format: "float" }) =>
  (input: readonly string[]): Json => ({ model, input, ...more });

const shape = (
  dialect: string,
  { model, ...rest }: Partial<EmbeddingShape> & { model: string; rows: number },
): EmbeddingShape => ({
  fields: { dialect, model },
  path: "/v1/embeddings",
  body: openAiBody(model),
  answer: data,
  tokens: TOKENS,
  ...rest,
});

/** Every row of the table of embedding servers. */
export const EMBEDDING_SHAPES: Readonly<Record<string, EmbeddingShape>> = {
  openai: shape("openai", { model: "text-embedding-3-small", rows: 2048 }),
  "openai in base64": shape("openai", {
    model: "text-embedding-3-small",
    rows: 2048,
    fields: { dialect: "openai", model: "text-embedding-3-small", encoding_format: "base64" },
    body: openAiBody("text-embedding-3-small", { encoding_format: "base64" }),
    answer: base64,
  }),
  dashscope: shape("dashscope", { model: "text-embedding-v4", rows: 10 }),
  "dashscope v2": shape("dashscope", { model: "text-embedding-v2", rows: 25 }),
  zhipu: shape("zhipu", {
    model: "embedding-3",
    rows: 64,
    body: openAiBody("embedding-3", {}),
  }),
  siliconflow: shape("siliconflow", { model: "BAAI/bge-m3", rows: 32 }),
  vllm: shape("vllm", { model: "bge", rows: 256 }),
  sglang: shape("sglang", { model: "bge", rows: 256 }),
  ollama: shape("ollama", { model: "nomic-embed-text", rows: 64 }),
  "ollama native": shape("ollama_native", {
    model: "nomic-embed-text",
    rows: 64,
    baseUrl: (url) => url.replace(/\/v1$/, ""),
  }),
  llamacpp: shape("llamacpp", { model: "bge", rows: 64, answer: plain, tokens: 0 }),
  lmstudio: shape("lmstudio", { model: "bge", rows: 64 }),
  openrouter: shape("openrouter", { model: "bge", rows: 64 }),
  jina: shape("jina", {
    model: "jina-embeddings-v3",
    rows: 128,
    body: openAiBody("jina-embeddings-v3", {}),
  }),
  cohere: shape("cohere", {
    model: "embed-v4.0",
    rows: 96,
    path: "/v2/embed",
    answer: cohere,
    body: (texts) => ({
      model: "embed-v4.0",
      texts,
      input_type: "search_document",
      embedding_types: ["float"],
    }),
  }),
  "any server": shape("openai", { model: "bge", rows: 64, fields: { model: "bge" } }),
};
