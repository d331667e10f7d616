import type { Answer } from "../fake-provider.ts";
import { type Json, sendJson } from "./shape.ts";

/** A rerank server as its wire shows it. */
export interface RerankShape {
  /** Fields of the model file besides url and key. */
  readonly fields: Json;
  readonly baseUrl?: (url: string) => string;
  readonly path: string;
  /** Most documents it takes. */
  readonly rows: number;
  /** The body it must be sent. */
  body(query: string, documents: readonly string[], topN: number): Json;
  readonly answer: Answer;
  /** The tokens that the answer tells; 0 where it tells none. */
  readonly tokens: number;
}

const TOKENS = 42;

/** The score that every fake gives: documents begin with it. */
export const scoreOf = (document: string): number => Number.parseFloat(document);

const documentsOf = (body: Json): string[] =>
  ((body["input"] as Json | undefined)?.["documents"] ?? body["documents"] ?? []) as string[];

const topOf = (body: Json): number =>
  Number((body["parameters"] as Json | undefined)?.["top_n"] ?? body["top_n"]);

type Item = { index: number; score: number; text: string };

/** The best of the documents, in a shape of its own. */
const ranked =
  (shown: (items: Item[]) => unknown): Answer =>
  (response, { body }) => {
    const items = documentsOf(body)
      .map((text, index) => ({ index, score: scoreOf(text), text }))
      .toSorted((a, b) => b.score - a.score)
      .slice(0, topOf(body));
    sendJson(response, shown(items) as Json);
  };

const results = (items: Item[]): Json[] =>
  items.map(({ index, score }) => ({ index, relevance_score: score }));

const usual = ranked((items) => ({ results: results(items), usage: { total_tokens: TOKENS } }));

const flat =
  (model: string, more: Json = {}) =>
  (query: string, documents: readonly string[], top_n: number): Json => ({
    model,
    query,
    documents,
    top_n,
    ...more,
  });

const shape = (
  dialect: string,
  { model, more, ...rest }: Partial<RerankShape> & { model: string; rows: number; more?: Json },
): RerankShape => ({
  fields: { dialect, model },
  path: "/v1/rerank",
  body: flat(model, more),
  answer: usual,
  tokens: TOKENS,
  ...rest,
});

const QUIET = { return_documents: false };

/** Every row of the table of rerank servers. */
export const RERANK_SHAPES: Readonly<Record<string, RerankShape>> = {
  dashscope: shape("dashscope", {
    model: "qwen3-rerank",
    rows: 500,
    baseUrl: (url) => url.replace(/\/v1$/, "/compatible-mode/v1"),
    path: "/compatible-api/v1/reranks",
    more: QUIET,
  }),
  "dashscope native": shape("dashscope", {
    model: "gte-rerank-v2",
    rows: 500,
    baseUrl: (url) => url.replace(/\/v1$/, "/compatible-mode/v1"),
    path: "/api/v1/services/rerank/text-rerank/text-rerank",
    body: (query, documents, top_n) => ({
      model: "gte-rerank-v2",
      input: { query, documents },
      parameters: { top_n, ...QUIET },
    }),
    answer: ranked((items) => ({
      output: { results: results(items) },
      usage: { total_tokens: TOKENS },
    })),
  }),
  zhipu: shape("zhipu", {
    model: "rerank",
    rows: 128,
    more: QUIET,
    answer: ranked((items) => ({ results: results(items), usage: { prompt_tokens: TOKENS } })),
  }),
  siliconflow: shape("siliconflow", {
    model: "BAAI/bge-reranker-v2-m3",
    rows: 500,
    more: QUIET,
    answer: ranked((items) => ({
      results: results(items),
      meta: { tokens: { input_tokens: TOKENS, output_tokens: 0 } },
    })),
  }),
  vllm: shape("vllm", {
    model: "bge-reranker",
    rows: 1000,
    answer: ranked((items) => ({
      results: items.map(({ index, score, text }) => ({
        index,
        document: { text },
        relevance_score: score,
      })),
      usage: { total_tokens: TOKENS },
    })),
  }),
  sglang: shape("sglang", {
    model: "bge-reranker",
    rows: 1000,
    answer: ranked((items) =>
      items.map(({ index, score, text }) => ({ score, document: text, index })),
    ),
    tokens: 0,
  }),
  llamacpp: shape("llamacpp", { model: "bge-reranker", rows: 100 }),
  openrouter: shape("openrouter", { model: "cohere/rerank-v3.5", rows: 100 }),
  jina: shape("jina", { model: "jina-reranker-v2", rows: 2048, more: QUIET }),
  cohere: shape("cohere", {
    model: "rerank-v3.5",
    rows: 1000,
    path: "/v2/rerank",
    answer: ranked((items) => ({
      results: results(items),
      meta: { billed_units: { search_units: 1 } },
    })),
    tokens: 0,
  }),
  "any server": shape("openai", {
    model: "m",
    rows: 100,
    fields: { model: "m" },
    answer: ranked((items) => ({ data: items.map(({ index, score }) => ({ index, score })) })),
    tokens: 0,
  }),
};
