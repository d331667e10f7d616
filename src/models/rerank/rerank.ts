import { AppError } from "../../core/errors.ts";
import { estimateText } from "../estimate.ts";
import { takeTicket } from "../limits/ticket.ts";
import type { Model } from "../model.ts";
import { askProvider } from "../provider/ask.ts";
import { withRetries } from "../attempts/retry.ts";
import { batchesOf, inBatches } from "../provider/batches.ts";
import { metered, type Ask } from "../provider/meter.ts";
import { withinTotal } from "../provider/within-total.ts";
import { malformedAnswer } from "../failures/upstream-error.ts";
import { asWireObject, itemsOf } from "../wire.ts";
import { rerankRequest, type RerankWish } from "./request.ts";

/** Requests of one call that are on their way at the same time. */
const WIDTH = 4;

/** A document by its place in what was given, and how well it fits. */
export interface Ranked {
  readonly index: number;
  readonly score: number;
}

/** The best documents first, and what they cost. */
export interface Reranked {
  readonly results: Ranked[];
  readonly promptTokens: number;
}

/** Orders documents by how well they answer a query, in as many requests as the provider's limit makes of them. */
export async function rerankDocuments(ask: Ask, wish: RerankWish): Promise<Reranked> {
  requireText(wish);
  return await withinTotal(ask, (timed) => rankAll(timed, wish));
}

async function rankAll(ask: Ask, wish: RerankWish): Promise<Reranked> {
  const { model, signal } = ask;
  const { documents, topN = model.fields.top_n ?? documents.length } = wish;
  const size = model.fields.max_documents ?? model.dialect.rerank?.maxDocuments ?? 1;
  const batches = batchesOf([...documents.keys()], size);
  const done = await inBatches(batches, { width: WIDTH, signal }, async (places, stop) => {
    const part = places.map((place) => documents[place] ?? "");
    const ranked = await rankBatch({ ...ask, signal: stop }, { ...wish, documents: part, topN });
    const start = places[0] ?? 0;
    const results = ranked.result.map(({ index, score }) => ({ index: start + index, score }));
    return { results, promptTokens: ranked.promptTokens };
  });
  return {
    results: done
      .flatMap(({ results }) => results)
      .toSorted((a, b) => b.score - a.score || a.index - b.index)
      .slice(0, topN),
    promptTokens: done.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
  };
}

async function rankBatch(ask: Ask, wish: RerankWish) {
  const { model, limiter, signal } = ask;
  const { query, documents } = wish;
  const request = rerankRequest(model, wish);
  const estimate = () => {
    const words = documents.reduce((sum, document) => sum + estimateText(document), 0);
    return words + documents.length * estimateText(query);
  };
  return await metered(ask, { kind: "rerank", units: documents.length, estimate }, () =>
    withRetries({ model, signal }, async () => {
      using _ticket = await takeTicket(model, { limiter, tokens: estimate, signal });
      const answer = await askProvider(model, request, signal);
      return { result: readRanking(model, answer, documents.length), answer };
    }),
  );
}

/** The ranking of an answer in any of its shapes; throws UpstreamError where it is none. */
export function readRanking(model: Model, answer: unknown, count: number): Ranked[] {
  const body = asWireObject(answer);
  const output = asWireObject(body?.["output"]);
  const list = body?.["results"] ?? output?.["results"] ?? body?.["data"] ?? answer;
  if (!Array.isArray(list)) throw malformedAnswer(model, "sent an answer without results");
  const seen = new Set<number>();
  return itemsOf(list).map((item) => {
    const result = asWireObject(item);
    const index = result?.["index"];
    const score = result?.["relevance_score"] ?? result?.["score"];
    const isPlace = typeof index === "number" && Number.isInteger(index) && index >= 0;
    if (!isPlace || index >= count || seen.has(index))
      throw malformedAnswer(
        model,
        `ranked document ${String(index)}, which is not one of ${count}`,
      );
    if (typeof score !== "number" || !Number.isFinite(score))
      throw malformedAnswer(model, "sent a score that is not a number");
    seen.add(index);
    return { index, score };
  });
}

function requireText({ query, documents }: RerankWish): void {
  if (query.trim() === "") throw new AppError("validation", "query is empty");
  const empty = documents.findIndex((document) => document.trim() === "");
  if (empty >= 0) throw new AppError("validation", `document ${empty + 1} is empty`);
}
