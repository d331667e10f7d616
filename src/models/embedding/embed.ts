import { estimateText } from "../estimate.ts";
import { takeTicket } from "../limits/ticket.ts";
import type { Model } from "../model.ts";
import { askProvider } from "../provider/ask.ts";
import { withRetries } from "../attempts/retry.ts";
import { batchesOf, inBatches } from "../provider/batches.ts";
import { metered, type Ask } from "../provider/meter.ts";
import { withinTotal } from "../provider/within-total.ts";
import { embeddingRequest, sendable, type Embeddable, type EmbeddingWish } from "./request.ts";
import { readVectors, requireSize, unit } from "./vectors.ts";

/** Requests of one call that are on their way at the same time. */
const WIDTH = 4;

/** Vectors in the order of the texts, and what they cost. */
export interface Embedded {
  readonly vectors: number[][];
  readonly promptTokens: number;
}

/** Turns texts into vectors, in as many requests as the provider's batch size makes of them. */
export async function embedTexts(
  ask: Ask,
  inputs: readonly Embeddable[],
  wish: EmbeddingWish = {},
): Promise<Embedded> {
  const { model } = ask;
  const batches = batchesOf(sendable(model, inputs), batchSizeOf(model));
  const done = await withinTotal(ask, ({ signal }) =>
    inBatches(batches, { width: WIDTH, signal }, (batch, stop) =>
      embedBatch({ ...ask, signal: stop }, batch, wish),
    ),
  );
  const vectors = done.flatMap(({ result }) => result);
  requireSize(model, vectors, undefined);
  return { vectors, promptTokens: done.reduce((sum, { promptTokens }) => sum + promptTokens, 0) };
}

const batchSizeOf = ({ fields, dialect, modelName }: Model): number =>
  fields.batch_size ?? dialect.embedding?.batchSize(modelName) ?? 1;

async function embedBatch(ask: Ask, batch: readonly Embeddable[], wish: EmbeddingWish) {
  const { model, limiter, signal } = ask;
  const request = embeddingRequest(model, batch, wish);
  const estimate = () => batch.reduce((sum, text) => sum + tokensOf(text), 0);
  return await metered(ask, { kind: "embedding", units: batch.length, estimate }, () =>
    withRetries({ model, signal }, async () => {
      using _ticket = await takeTicket(model, { limiter, tokens: estimate, signal });
      const answer = await askProvider(model, request, signal);
      const vectors = readVectors(model, answer, batch.length);
      requireSize(model, vectors, wish.dimensions ?? model.fields.dimensions);
      return { result: model.fields.normalize === true ? vectors.map(unit) : vectors, answer };
    }),
  );
}

const tokensOf = (input: Embeddable): number =>
  typeof input === "string" ? estimateText(input) : input.length;
