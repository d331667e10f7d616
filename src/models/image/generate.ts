import { estimateText } from "../estimate.ts";
import { TOTAL_SECONDS } from "../exchange/clock.ts";
import type { Model } from "../model.ts";
import { askProvider } from "../provider/ask.ts";
import { withRetries } from "../attempts/retry.ts";
import { inBatches } from "../provider/batches.ts";
import { metered, type Ask } from "../provider/meter.ts";
import { withinTotal } from "../provider/within-total.ts";
import { takeTicket } from "../limits/ticket.ts";
import { patienceOf, untilDone } from "../task/wait.ts";
import { isMadeInBackground, submitToProvider } from "../task/wire.ts";
import { fetchImage, type MadeImage } from "./fetch-image.ts";
import { readImages, type ImageSource } from "./read.ts";
import { countOf, imageRequest, imageSubmission, type ImageWish } from "./request.ts";

/** Requests of one call that are on their way at the same time. */
const WIDTH = 2;

/** Makes images and brings them here, in as many requests as the provider's limit makes of them. */
export async function generateImages(ask: Ask, wish: ImageWish): Promise<MadeImage[]> {
  const counts = partsOf(countOf(ask.model, wish), maxCountOf(ask.model));
  return await withinTotal(ask, (timed) => imagesOfAll(timed, wish, counts), patience(ask.model));
}

/** Whoever waits for a task as long as its `max_wait` has the usual time for the rest. */
const patience = (model: Model): number =>
  TOTAL_SECONDS + (isMadeInBackground(model) ? patienceOf(model).maxWaitMs / 1000 : 0);

async function imagesOfAll(
  ask: Ask,
  wish: ImageWish,
  counts: readonly number[],
): Promise<MadeImage[]> {
  const { model, signal } = ask;
  const made = await inBatches(counts, { width: WIDTH, signal }, async (count, stop) => {
    const sources = await imagesOnce({ ...ask, signal: stop }, wish, count);
    // What is paid for is not fetched anew because another one failed.
    return await Promise.all(sources.map((source) => fetchImage(model, source, signal)));
  });
  return made.flat();
}

/** Most images of one request to a model. */
export const maxCountOf = ({ dialect, modelName }: Model): number =>
  dialect.image?.maxCount(modelName) ?? 1;

async function imagesOnce(ask: Ask, wish: ImageWish, count: number): Promise<ImageSource[]> {
  const { model } = ask;
  const estimate = () => estimateText(wish.prompt);
  const { result } = await metered(ask, { kind: "image", units: count, estimate }, async () => {
    const answer = await answerOf(ask, wish, count);
    const sources = readImages(model, answer);
    return { result: sources, answer, units: sources.length };
  });
  return result;
}

async function answerOf(ask: Ask, wish: ImageWish, count: number): Promise<unknown> {
  const { model, limiter, signal } = ask;
  const tokens = () => estimateText(wish.prompt);
  const admitted = () => takeTicket(model, { limiter, tokens, signal });
  if (!isMadeInBackground(model))
    return await withRetries(ask, async () => {
      using _ticket = await admitted();
      return await askProvider(model, imageRequest(model, wish, count), signal);
    });
  const request = imageSubmission(model, wish, { count });
  // One call at once until its task has ended, and not only until it is submitted.
  using _ticket = await admitted();
  const id = await withRetries(ask, () => submitToProvider(model, request, signal));
  return await untilDone(model, id, signal);
}

const partsOf = (count: number, most: number): number[] =>
  Array.from({ length: Math.ceil(count / most) }, (_, index) =>
    Math.min(most, count - index * most),
  );
