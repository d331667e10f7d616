import type { Context } from "../../../context.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import { keepResponse } from "../../../services/responses/stored.ts";
import { isTooFarBehind } from "../../../services/runs/join.ts";
import { notHonoured } from "../../not-honoured.ts";
import type { ApiRequest } from "../../route.ts";
import { leaveByPolicy } from "../chat/graph-chat.ts";
import { eventStream } from "../data-stream.ts";
import { ResponseEvents } from "./events.ts";
import type { Making, ResponseCall } from "./making.ts";
import { eventsOf, shownResponse, speechOf } from "./show.ts";

/** What of a request a graph makes nothing of: it has tools of its own. */
const NOT_FOR_GRAPHS = ["tools", "text"] as const;

/** Answers with a response that is being made: its events, the whole of it, or that it has begun. */
export async function answer(call: ResponseCall, making: Making): Promise<Response> {
  const { ctx, body, signal } = call;
  const { stored, run } = making;
  const unused = run ? NOT_FOR_GRAPHS.filter((name) => body[name] !== undefined) : [];
  const headers = {
    ...(run ? { "x-run-id": run.run_id, "x-thread-id": run.thread_id } : {}),
    ...notHonoured(ctx, unused, { run_id: stored.response_id }),
  };
  if (body.stream === true)
    return streamed(call, stored, {
      headers,
      begin: (listener) =>
        making.speech({ ...listener, signal: AbortSignal.any([signal, listener.signal]) }),
      onLeave: () => void (run && leaveByPolicy(ctx, run)),
      onEnd: (response) => keepAnswer(call, stored, response),
    });
  if (body.background === true) return Response.json(await shownResponse(ctx, stored), { headers });
  const leave = () => void (run && leaveByPolicy(ctx, run));
  signal.addEventListener("abort", leave, { once: true });
  try {
    const events = new ResponseEvents(stored.response, stored.response_id);
    const speech = await making.speech({ signal });
    let step = await speech.next();
    for (; !step.done; step = await speech.next())
      for (const spoken of step.value) events.take(spoken);
    const { response } = events.end(step.value);
    await keepAnswer(call, stored, response);
    return Response.json(response, { headers });
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** The events of a stored response from its beginning, after those that the client has. */
export const replay = (
  call: ApiRequest<unknown, unknown, unknown>,
  stored: StoredResponse,
  after: number,
): Promise<Response> =>
  streamed(call, stored, {
    after,
    headers: {},
    begin: (listener) => speechOf(call.ctx, stored, listener),
    onLeave: () => undefined,
    onEnd: () => undefined,
  });

/** A stored response at its end. */
export async function awaited(
  { ctx, signal }: ApiRequest<unknown, unknown, unknown>,
  stored: StoredResponse,
): Promise<JsonObject> {
  const speech = await speechOf(ctx, stored, { signal });
  while (!(await speech.next()).done);
  return shownResponse(ctx, stored);
}

/** A model's answer is kept once it is whole; whatever else makes one keeps it itself. */
async function keepAnswer(
  { ctx, body }: ResponseCall,
  stored: StoredResponse,
  response: JsonObject,
): Promise<void> {
  if (stored.source === "model" && body.store !== false)
    await keepResponse(ctx, { ...stored, response });
}

interface Streamed {
  headers: Record<string, string>;
  begin: Making["speech"];
  /** Only events with greater numbers. */
  after?: number;
  onLeave: () => void;
  onEnd: (response: JsonObject) => Promise<void> | void;
}

async function streamed(
  { ctx, drop }: Pick<ApiRequest<unknown, unknown, unknown>, "ctx" | "drop">,
  { response, response_id, source }: StoredResponse,
  { headers, begin, after = -1, onLeave, onEnd }: Streamed,
): Promise<Response> {
  const controller = new AbortController();
  const { signal } = controller;
  let place: string | undefined;
  const speech = await begin({ signal, onPlace: (id) => void (place = id) });
  const events = new ResponseEvents(response, response_id);
  return eventStream(later(eventsOf(ctx, speech, { events, onEnd, signal }), after), {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers,
    controller,
    onLeave,
    onFailure: (error) => ctx.log.error({ err: error, response_id }, "a stream broke off"),
    slow: { isTooFarBehind: () => isLeftBehind(ctx, { source, response_id }, place), drop },
  });
}

/** Only a run goes on without its reader. */
const isLeftBehind = async (
  ctx: Context,
  { source, response_id }: Pick<StoredResponse, "source" | "response_id">,
  place: string | undefined,
): Promise<boolean> =>
  source === "run" && (await isTooFarBehind(ctx, { run_id: response_id }, place));

async function* later(
  batches: AsyncGenerator<JsonObject[], void>,
  after: number,
): AsyncGenerator<JsonObject[], void> {
  for await (const batch of batches) {
    const left = batch.filter(({ sequence_number: seq }) => typeof seq === "number" && seq > after);
    if (left.length > 0) yield left;
  }
}
