import { AppError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ChatInput } from "../../domain/task.ts";
import type { Model } from "../model.ts";
import type { Ask } from "../provider/meter.ts";
import type { ProviderRequest } from "../provider/ask.ts";
import { completeRaw, type RawCall } from "../raw/complete.ts";
import { regularAnswer } from "../raw/raw-answer.ts";
import { rawBody, rawMessages, wishIn } from "../raw/raw-request.ts";
import { readingRulesOf } from "../reading-rules.ts";
import { softSwitched } from "../soft-switch.ts";
import { promptOf } from "../tokens/prompt-size.ts";
import type { TokenFactors } from "../tokens/token-factors.ts";
import { baseUrlOf } from "../transport.ts";
import { readUsage } from "../usage.ts";
import { usageOf, type WireObject } from "../wire.ts";
import { taskRulesOf } from "./wire.ts";

/** What a chat as a task needs besides its model. */
export interface ChatTask {
  readonly input: ChatInput;
  /** Our own id of it. */
  readonly id: string;
  readonly factors: TokenFactors;
  readonly signal: AbortSignal;
}

/** The request that answers with the id of a task that chats. */
export async function chatSubmission(
  model: Model,
  { input, id, factors, signal }: ChatTask,
): Promise<ProviderRequest> {
  const rules = taskRulesOf(model);
  const url = rules?.submitUrl(baseUrlOf(model), "chat");
  if (rules === undefined || url === undefined)
    throw new AppError("validation", `${model.label} does not chat in the background`);
  const { idField, submitHeaders: headers = {} } = rules;
  const wish = wishIn(input);
  const parameters = rawBody(model, wish, false);
  await promptOf({ model, factors }, input.messages, parameters);
  const wired = await rawMessages(input.messages, model, signal);
  const messages = softSwitched(wired, model, wish.overrides);
  const own = idField === undefined ? {} : { [idField]: id };
  return { url, headers, body: { ...parameters, ...own, messages } };
}

/** The completion in what a provider told of a task that has ended; throws UpstreamError where there is none. */
export function readChat(model: Model, input: ChatInput, response: WireObject): JsonObject {
  const rules = readingRulesOf(model, wishIn(input).overrides);
  const counts = readUsage(usageOf(response));
  const { task_status: _status, request_id: _id, ...answer } = response;
  return asJson(regularAnswer(answer, { model, rules, counts }));
}

/** Asks a chat model at once, with its retries. */
export async function completeTask(
  { origin, ...ask }: Ask & Pick<RawCall, "factors">,
  { input, signal }: Pick<ChatTask, "input" | "signal">,
): Promise<JsonObject> {
  return asJson(await completeRaw({ ...ask, ...origin, fallbacks: [] }, { body: input, signal }));
}

/** A provider's answer came as JSON. */
const asJson = (answer: WireObject): JsonObject => JSON.parse(JSON.stringify(answer));
