import { UpstreamError } from "../../core/errors.ts";
import type { ModelCall } from "../call.ts";
import type { Body } from "../dialects/index.ts";
import { type Countable, estimateMessage, estimateTools } from "../estimate.ts";
import type { Model } from "../model.ts";
import { exactTokens } from "./exact-counter.ts";
import { asWireObject, itemsOf } from "../wire.ts";

/** How long a prompt is, before anything is known of the model's own count. */
export interface PromptSize {
  readonly tokens: number;
  /** By the model's own vocabulary, where its file names one. */
  readonly exact?: number | undefined;
  /** Images and other media, whose tokens are only guessed. */
  readonly hasMedia: boolean;
}

/** The size of messages with the tools that a request offers; one the model cannot take is refused. */
export async function promptOf(
  call: Pick<ModelCall, "model" | "factors">,
  messages: readonly Countable[],
  body: Body,
): Promise<PromptSize> {
  const exact = await exactTokens(call.model, messages, body);
  const prompt = { ...promptSize(messages, body), exact };
  requireRoom(call.model, tokensOf(call, prompt));
  return prompt;
}

/** The tokens of a prompt as well as they are known. */
export const tokensOf = (
  { model, factors }: Pick<ModelCall, "model" | "factors">,
  { exact, tokens }: PromptSize,
): number => exact ?? factors.calibrated(model, tokens);

function promptSize(messages: readonly Countable[], body: Body): PromptSize {
  const tokens =
    messages.reduce((sum, message) => sum + estimateMessage(message), 0) +
    estimateTools(itemsOf(body["tools"])) +
    estimateTools(itemsOf(body["functions"]));
  return { tokens, hasMedia: messages.some(({ content }) => hasMedia(content)) };
}

const hasMedia = (content: unknown): boolean =>
  itemsOf(content).some((part) => asWireObject(part)?.["text"] === undefined);

/** Refuses a prompt that is longer than the model takes, before it costs anything. */
function requireRoom(model: Model, tokens: number): void {
  const { input_tokens: input, context_window: window } = model.fields;
  const limit = Math.min(input ?? Number.POSITIVE_INFINITY, window ?? Number.POSITIVE_INFINITY);
  if (tokens <= limit) return;
  throw new UpstreamError(
    `The prompt does not fit model ${model.label}: it has about ${tokens} tokens, and the limit is ${limit}`,
    {
      kind: "overflow",
      retryable: false,
      details: { model: model.id, limit_tokens: limit, estimated_tokens: tokens },
    },
  );
}
