import { setTimeout } from "node:timers/promises";
import type { Context } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { isJsonObject, type JsonObject, objectsIn } from "../../../core/json.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import { hasEnded } from "../../../domain/task.ts";
import { getResponse } from "../../../services/responses/stored.ts";
import { getRun } from "../../../services/runs/read.ts";
import { getTask } from "../../../services/tasks/find.ts";
import { openAiErrorBody } from "../errors.ts";
import { ResponseEvents } from "./events.ts";
import {
  completionSpeech,
  failedSpeech,
  graphSpeech,
  type Listener,
  type Speech,
  type Spoken,
} from "./speech.ts";

/** How often a task of the background is looked at for whoever waits for it. */
const LOOK_MS = 500;
const MOST_RESPONSES = 1000;

/** A response as it is now. */
export async function shownResponse(ctx: Context, stored: StoredResponse): Promise<JsonObject> {
  const { response_id, response, source } = stored;
  if (source === "model") return response;
  const open = await openStatus(ctx, stored);
  if (open !== undefined) return { ...response, status: open };
  const events = new ResponseEvents(response, response_id);
  const { signal } = new AbortController();
  const speech = await speechOf(ctx, stored, { signal });
  let last = response;
  const onEnd = (end: JsonObject) => void (last = end);
  for await (const _ of eventsOf(ctx, speech, { events, onEnd, signal }));
  return last;
}

/** The status of a response that is being made; undefined for one that has ended. */
async function openStatus(
  ctx: Context,
  { source, response_id }: StoredResponse,
): Promise<string | undefined> {
  if (source === "run") {
    const { status } = await getRun(ctx, { run_id: response_id });
    return status === "pending" ? "queued" : status === "running" ? "in_progress" : undefined;
  }
  const task = await getTask(ctx, { task_id: response_id });
  if (hasEnded(task)) return undefined;
  if (task.cancel_requested) return "cancelled";
  return task.status === "pending" ? "queued" : "in_progress";
}

/** What a response says, from its beginning; as it comes where it is being made. */
export async function speechOf(
  ctx: Context,
  { source, response_id, response }: StoredResponse,
  listener: Listener,
): Promise<Speech> {
  if (source === "model") return retold(response);
  if (source === "task") return taskSpeech(ctx, response_id, listener.signal);
  return graphSpeech(ctx, await getRun(ctx, { run_id: response_id }), listener);
}

async function* taskSpeech(ctx: Context, task_id: string, signal: AbortSignal): Speech {
  for (;;) {
    const task = await getTask(ctx, { task_id });
    if (task.status === "cancelled" || task.cancel_requested) {
      const { finish_reason: _, ...ending } = yield* completionSpeech({});
      return { ...ending, finish_reason: "cancelled" };
    }
    if (task.status === "error") return yield* failedSpeech(task.error ?? "The task failed");
    if (task.status === "success") return yield* completionSpeech(task.result ?? {});
    await setTimeout(LOOK_MS, undefined, { signal });
  }
}

interface Told {
  events: ResponseEvents;
  /** Takes the response as it ended before anybody is told of it. */
  onEnd: (response: JsonObject) => Promise<void> | void;
  /** Aborted when whoever is told has gone. */
  signal: AbortSignal;
}

/** The events of an answer, a failure in the middle of it among them. */
export async function* eventsOf(
  ctx: Context,
  speech: Speech,
  { events, onEnd, signal }: Told,
): AsyncGenerator<JsonObject[], void> {
  let end: ReturnType<ResponseEvents["end"]> | undefined;
  try {
    yield events.start();
    let step = await speech.next();
    for (; !step.done; step = await speech.next())
      yield step.value.flatMap((spoken) => events.take(spoken));
    end = events.end(step.value);
  } catch (error) {
    if (!signal.aborted) end = events.fail(openAiErrorBody(error, ctx.log).error);
  } finally {
    // Also when whoever was told has left in the middle of it.
    await onEnd(end?.response ?? events.left());
  }
  if (end) yield end.events;
}

/** The items of the conversation that a response is the end of. */
export async function itemsUpTo(ctx: Context, last: StoredResponse): Promise<JsonObject[]> {
  const items: JsonObject[][] = [];
  let stored: StoredResponse | undefined = last;
  for (let count = 0; stored; count++) {
    if (count === MOST_RESPONSES)
      throw new AppError(
        "validation",
        `A conversation has ${MOST_RESPONSES} responses at most: begin a new one`,
        { details: { errors: [{ loc: ["body", "previous_response_id"] }] } },
      );
    const { status, output } = await shownResponse(ctx, stored);
    if (status === "queued" || status === "in_progress")
      throw new AppError("conflict", `Response resp_${stored.response_id} has not ended`);
    items.unshift(objectsIn(output));
    items.unshift(stored.input);
    const { previous_id }: StoredResponse = stored;
    stored =
      previous_id === null ? undefined : await getResponse(ctx, { response_id: previous_id });
  }
  return items.flat();
}

const REFERENCE = /^(?:msg|rs|fc|mcpr)_([0-9a-f-]{36})_\d+$/;

/** Items with those that are only referred to put in their place. */
export async function resolved(ctx: Context, items: readonly JsonObject[]): Promise<JsonObject[]> {
  const whole: JsonObject[] = [];
  for (const item of items)
    whole.push(item["type"] === "item_reference" ? await referred(ctx, item["id"]) : item);
  return whole;
}

async function referred(ctx: Context, id: unknown): Promise<JsonObject> {
  const [, response_id] = REFERENCE.exec(typeof id === "string" ? id : "") ?? [];
  const stored = response_id === undefined ? undefined : await getResponse(ctx, { response_id });
  const { output } = stored ? await shownResponse(ctx, stored) : {};
  const item = objectsIn(output).find((one) => one["id"] === id);
  if (item) return item;
  throw new AppError("not_found", `Item ${JSON.stringify(id)} not found`);
}

/** A response that has ended, told again. */
// eslint-disable-next-line @typescript-eslint/require-await
async function* retold({ output, usage, status, error, incomplete_details }: JsonObject): Speech {
  yield objectsIn(output).map(spokenOf);
  if (status === "failed") return yield* failedSpeech(textIn(error, "message"));
  const reason = textIn(incomplete_details, "reason");
  const counts = isJsonObject(usage) ? usage : {};
  const finish_reason = reason === "max_output_tokens" ? "length" : reason || "stop";
  const completion = {
    choices: [{ index: 0, finish_reason }],
    usage: {
      prompt_tokens: counts["input_tokens"] ?? 0,
      completion_tokens: counts["output_tokens"] ?? 0,
      total_tokens: counts["total_tokens"] ?? 0,
      prompt_tokens_details: counts["input_tokens_details"] ?? {},
      completion_tokens_details: counts["output_tokens_details"] ?? {},
    },
  };
  return yield* completionSpeech(completion);
}

function spokenOf(item: JsonObject, index: number): Spoken {
  if (item["type"] === "reasoning") return { reasoning: textsIn(item["summary"]) };
  if (item["type"] !== "function_call") return { content: textsIn(item["content"]) };
  const [id, name, args] = ["call_id", "name", "arguments"].map((key) => textIn(item, key));
  return { calls: [{ index, id: id ?? "", name: name ?? "", arguments: args ?? "" }] };
}

const textIn = (value: unknown, key: string): string => {
  const text = isJsonObject(value) ? value[key] : undefined;
  return typeof text === "string" ? text : "";
};

const textsIn = (list: unknown): string =>
  objectsIn(list)
    .map((part) => textIn(part, "text") || textIn(part, "refusal"))
    .join("");
