import type { Context } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import type { Run } from "../../../domain/run.ts";
import { getResponse, keepResponse, deleteResponse } from "../../../services/responses/stored.ts";
import { createRun } from "../../../services/runs/create.ts";
import { getRun } from "../../../services/runs/read.ts";
import { createTask } from "../../../services/tasks/create.ts";
import { notHonoured } from "../../not-honoured.ts";
import type { ApiRequest } from "../../route.ts";
import { howToRun, leaveByPolicy, refuseForcedTools } from "../chat/graph-chat.ts";
import { startAfter, startOn } from "../chat/graph-thread.ts";
import { targetOf } from "../chat/target.ts";
import { eventStream } from "../data-stream.ts";
import { ResponseEvents } from "./events.ts";
import { begunResponse, chatOf, type ResponseRequest } from "./request.ts";
import { eventsOf, itemsUpTo, resolved, shownResponse, speechOf } from "./show.ts";
import { chunksSpeech, completionSpeech, graphSpeech, type Speech } from "./speech.ts";

type Request = ApiRequest<unknown, unknown, ResponseRequest>;

/** What of a request a graph makes nothing of: it has tools of its own. */
const NOT_FOR_GRAPHS = ["tools", "text"] as const;

/** A response that is being made. */
interface Making {
  stored: StoredResponse;
  run?: Run;
  speech: (signal: AbortSignal) => Promise<Speech>;
}

/** Answers a request for a response by a model, or by a graph as a durable run. */
export async function createResponse(request: Request): Promise<Response> {
  const { ctx, body } = request;
  if (body.background === true && body.store === false)
    throw new AppError("validation", "A response of the background is stored: leave out store");
  const previous =
    body.previous_response_id === undefined
      ? undefined
      : await getResponse(ctx, { response_id: body.previous_response_id });
  const [target, input] = [await targetOf(ctx, body.model), await resolved(ctx, body.input)];
  const asked = { ...request, body: { ...body, input } };
  return target.kind === "model"
    ? byModel(asked, target.id, previous)
    : byGraph(asked, target.assistant_id, previous);
}

function newStored(
  { ctx, body }: Request,
  from: Pick<StoredResponse, "source" | "thread_id">,
): StoredResponse {
  const about = { response_id: newId(), created_at: ctx.clock.now() };
  return {
    ...about,
    ...from,
    previous_id: body.previous_response_id ?? null,
    response: begunResponse(body, about),
    input: body.input.map((item, index) => ({ id: `in_${about.response_id}_${index}`, ...item })),
    metadata: body.metadata ?? {},
  };
}

async function byModel(
  request: Request,
  model: string,
  previous: StoredResponse | undefined,
): Promise<Response> {
  const { ctx, body } = request;
  const isTask = body.background === true;
  const source = isTask ? "task" : "model";
  const stored = newStored(request, { source, thread_id: null });
  // It was checked to be JSON when it was read.
  const chat = chatOf(body, previous ? await itemsUpTo(ctx, previous) : []) as JsonObject;
  if (isTask) {
    const { response_id: task_id } = stored;
    const { messages, model: _, metadata: __, stream: ___, ...parameters } = chat;
    const input = { ...parameters, messages: messages as JsonObject[] };
    await keepResponse(ctx, stored);
    await orForget(ctx, stored, createTask(ctx, { kind: "chat", input, model, task_id }));
    return answer(request, { stored, speech: (signal) => speechOf(ctx, stored, signal) });
  }
  const asked = { model, actor: ctx.actor };
  const wanted = { ...chat, stream_options: { include_usage: true } };
  return answer(request, {
    stored,
    speech: async (signal) =>
      body.stream === true
        ? chunksSpeech(await ctx.modelCalls.streamChat({ ...asked, signal }, wanted))
        : completionSpeech(await ctx.modelCalls.complete({ ...asked, signal }, chat)),
  });
}

async function byGraph(
  request: Request,
  assistant_id: string,
  previous: StoredResponse | undefined,
): Promise<Response> {
  const { ctx, body } = request;
  refuseForcedTools(body.tool_choice);
  const last = previous && (await lastRunOf(ctx, previous));
  const isSame = last !== undefined && last.assistant_id === assistant_id;
  const earlier = previous && !isSame ? await itemsUpTo(ctx, previous) : [];
  const chat = chatOf({ ...body, tools: undefined, text: undefined }, earlier);
  const begin = isSame
    ? startAfter(last, chat.messages)
    : await startOn(ctx, undefined, chat.messages);
  const thread_id = isSame ? last.thread_id : newId();
  const stored = newStored(request, { source: "run", thread_id });
  const isStored = body.store !== false;
  if (isStored) await keepResponse(ctx, stored);
  const creation = createRun(ctx, {
    ...begin,
    ...howToRun(ctx, chat),
    ...(body.background === true ? { on_disconnect: "continue" as const } : {}),
    assistant_id,
    run_id: stored.response_id,
    thread_id: isStored || isSame ? thread_id : undefined,
  });
  const run = await (isStored ? orForget(ctx, stored, creation) : creation);
  const speech = (signal: AbortSignal) => Promise.resolve(graphSpeech(ctx, run, signal));
  return answer(request, { stored, run, speech });
}

/** The run that a conversation goes on from, when it was one that spoke last. */
async function lastRunOf(
  ctx: Context,
  { source, response_id }: StoredResponse,
): Promise<Run | undefined> {
  if (source !== "run") return undefined;
  const run = await getRun(ctx, { run_id: response_id });
  if (run.status !== "pending" && run.status !== "running") return run;
  throw new AppError("conflict", `Response resp_${response_id} has not ended`);
}

/** A response that nothing makes is none. */
async function orForget<T>(
  ctx: Context,
  { response_id }: StoredResponse,
  creation: Promise<T>,
): Promise<T> {
  try {
    return await creation;
  } catch (error) {
    await deleteResponse(ctx, { response_id }).catch((failure: unknown) =>
      ctx.log.error({ err: failure, response_id }, "a response without a maker was left"),
    );
    throw error;
  }
}

async function answer(request: Request, making: Making): Promise<Response> {
  const { ctx, body, signal } = request;
  const { stored, run } = making;
  const unused = run ? NOT_FOR_GRAPHS.filter((name) => body[name] !== undefined) : [];
  const headers = {
    ...(run ? { "x-run-id": run.run_id, "x-thread-id": run.thread_id } : {}),
    ...notHonoured(ctx, unused, { run_id: stored.response_id }),
  };
  if (body.stream === true) return streamed(request, making, headers);
  if (body.background === true) return Response.json(await shownResponse(ctx, stored), { headers });
  const leave = () => void (run && leaveByPolicy(ctx, run));
  signal.addEventListener("abort", leave, { once: true });
  try {
    const events = new ResponseEvents(stored.response, stored.response_id);
    const speech = await making.speech(signal);
    let step = await speech.next();
    for (; !step.done; step = await speech.next())
      for (const spoken of step.value) events.take(spoken);
    const { response } = events.end(step.value);
    await keepAnswer(request, stored, response);
    return Response.json(response, { headers });
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** A model's answer is kept once it is whole; whatever else makes one keeps it itself. */
async function keepAnswer(
  { ctx, body }: Request,
  stored: StoredResponse,
  response: JsonObject,
): Promise<void> {
  if (stored.source === "model" && body.store !== false)
    await keepResponse(ctx, { ...stored, response });
}

async function streamed(
  request: Request,
  { stored, run, speech: begin }: Making,
  headers: Record<string, string>,
): Promise<Response> {
  const { ctx, signal, drop } = request;
  const controller = new AbortController();
  const speech = await begin(AbortSignal.any([signal, controller.signal]));
  const events = new ResponseEvents(stored.response, stored.response_id);
  const onEnd = (response: JsonObject) => keepAnswer(request, stored, response);
  return eventStream(eventsOf(ctx, speech, { events, onEnd }), {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers,
    controller,
    onLeave: () => void (run && leaveByPolicy(ctx, run)),
    onFailure: (error) => ctx.log.error({ err: error }, "a stream broke off"),
    slow: { isTooFarBehind: () => Promise.resolve(false), drop },
  });
}
