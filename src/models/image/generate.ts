import { estimateText } from "../estimate.ts";
import type { Model } from "../model.ts";
import { askProvider } from "../provider/ask.ts";
import { withRetries } from "../attempts/retry.ts";
import { inBatches } from "../provider/batches.ts";
import { metered, type Ask } from "../provider/meter.ts";
import { untilDone } from "../task/wait.ts";
import { isMadeInBackground, submitToProvider } from "../task/wire.ts";
import { fetchImage, type MadeImage } from "./fetch-image.ts";
import { readImages, type ImageSource } from "./read.ts";
import { countOf, imageRequest, imageSubmission, type ImageWish } from "./request.ts";

/** Requests of one call that are on their way at the same time. */
const WIDTH = 2;

/** Makes images and brings them here, in as many requests as the provider's limit makes of them. */
export async function generateImages(ask: Ask, wish: ImageWish): Promise<MadeImage[]> {
  const { model, signal } = ask;
  const counts = partsOf(countOf(model, wish), maxCountOf(model));
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

async function answerOf({ model, signal }: Ask, wish: ImageWish, count: number): Promise<unknown> {
  if (!isMadeInBackground(model))
    return await withRetries({ model, signal }, () =>
      askProvider(model, imageRequest(model, wish, count), signal),
    );
  const request = imageSubmission(model, wish, { count });
  const id = await withRetries({ model, signal }, () => submitToProvider(model, request, signal));
  return await untilDone(model, id, signal);
}

const partsOf = (count: number, most: number): number[] =>
  Array.from({ length: Math.ceil(count / most) }, (_, index) =>
    Math.min(most, count - index * most),
  );
