import type { Context, Frame } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { Run } from "../../../domain/run.ts";
import { createRun } from "../../../services/runs/create.ts";
import type { CreateRun } from "../../../services/runs/new-run.ts";
import { leaveRun } from "../../../services/runs/cancel.ts";
import { followRun, isTooFarBehind } from "../../../services/runs/join.ts";
import { notHonoured } from "../../not-honoured.ts";
import type { ApiRequest } from "../../route.ts";
import { dataStream } from "../data-stream.ts";
import { openAiErrorBody } from "../errors.ts";
import { type Completion, CompletionChunks, wholeCompletion } from "./completion.ts";
import { GraphAnswer } from "./graph-answer.ts";
import { conversationOf, instructionsOf, startOn } from "./graph-thread.ts";
import { type ChatRequest, wantsUsage } from "./request.ts";

type Request = ApiRequest<unknown, unknown, ChatRequest>;

/** The modes that an answer is made of. */
const MODES = ["messages-tuple", "updates"] as const;

/** Parameters of a request that graphs hand on to their model. */
const MODEL_PARAMETERS = [
  "top_p",
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "user",
] as const;

/** What of a request a graph makes nothing of: it has tools of its own, and one answer. */
const NOT_FOR_GRAPHS = ["tools", "response_format", "logprobs", "logit_bias", "audio"] as const;

/** Answers a chat completion by a run of a graph, which is as durable as any other. */
export async function answerByGraph(request: Request, assistant_id: string): Promise<Response> {
  const { ctx, body } = request;
  refuseForcedTools(body["tool_choice"]);
  const run = await start(request, assistant_id);
  const about: Completion = {
    id: `chatcmpl-${run.run_id}`,
    created: Math.floor(ctx.clock.now() / 1000),
    model: body.model,
  };
  const unused = NOT_FOR_GRAPHS.filter((name) => body[name] != null);
  const headers = {
    "x-thread-id": run.thread_id,
    "x-run-id": run.run_id,
    ...notHonoured(ctx, unused, run),
  };
  if (body.stream === true) return streamed(request, { run, about, headers });
  return Response.json(await whole(request, run, about), { headers });
}

/** Nobody may take a graph's answer for the call of a tool that it does not know. */
export function refuseForcedTools(choice: unknown): void {
  if (choice == null || choice === "auto" || choice === "none") return;
  throw new AppError(
    "validation",
    "A graph calls tools of its own and cannot be made to call one of the client's",
    { details: { errors: [{ loc: ["body", "tool_choice"] }] } },
  );
}

async function start({ ctx, body, headers }: Request, assistant_id: string): Promise<Run> {
  const conversation = conversationOf(ctx, body, headers);
  const { checkpoint, ...begin } = await startOn(ctx, conversation, body.messages);
  return createRun(ctx, {
    ...begin,
    ...howToRun(ctx, body),
    assistant_id,
    thread_id: conversation?.thread_id,
    checkpoint,
  });
}

/** How a graph is run for an OpenAI client, whichever of the APIs it speaks. */
export function howToRun({ settings }: Context, body: ChatRequest) {
  const configurable = configurableOf(body);
  return {
    config: Object.keys(configurable).length > 0 ? { configurable } : undefined,
    metadata: { created_by: "openai" },
    stream_mode: [...MODES],
    stream_subgraphs: true,
    multitask_strategy: "enqueue",
    on_disconnect: settings.openai_on_disconnect,
    on_completion: "delete",
    if_not_exists: "create",
    durability: "sync",
  } satisfies Omit<CreateRun, "assistant_id">;
}

/** What a request sets besides its messages, by the names that graphs know. */
function configurableOf(body: ChatRequest): JsonObject {
  const { temperature, max_tokens, max_completion_tokens, metadata } = body;
  const longest = max_completion_tokens ?? max_tokens;
  const parameters = Object.fromEntries(
    MODEL_PARAMETERS.flatMap((name) => (body[name] == null ? [] : [[name, body[name]]])),
  );
  const instructions = instructionsOf(body.messages);
  return JSON.parse(
    JSON.stringify({
      ...(typeof metadata?.["model"] === "string" ? { model: metadata["model"] } : {}),
      ...(typeof temperature === "number" ? { temperature } : {}),
      ...(typeof longest === "number" ? { max_tokens: longest } : {}),
      ...(Object.keys(parameters).length > 0 ? { model_parameters: parameters } : {}),
      ...(instructions === "" ? {} : { system_prompt: instructions }),
    }),
  ) as JsonObject;
}

/** The answer as it comes, until its end or the client's. */
async function whole({ ctx, signal }: Request, run: Run, about: Completion): Promise<JsonObject> {
  const answer = new GraphAnswer({ showsTools: ctx.settings.openai_tool_progress });
  const leave = () => void leaveByPolicy(ctx, run);
  signal.addEventListener("abort", leave, { once: true });
  try {
    for await (const frames of framesOf(ctx, run, signal))
      for (const frame of frames) answer.take(frame);
  } finally {
    signal.removeEventListener("abort", leave);
  }
  answer.finish();
  const { content, reasoning } = answer;
  return wholeCompletion(about, { content, reasoning, ending: answer.ending(run) });
}

interface Streamed {
  run: Run;
  about: Completion;
  headers: Record<string, string>;
}

function streamed({ ctx, body, drop }: Request, { run, about, headers }: Streamed): Response {
  const controller = new AbortController();
  let last: string | undefined;
  const source = async function* (): AsyncGenerator<string[], void> {
    const chunks = new CompletionChunks(about);
    const answer = new GraphAnswer({ showsTools: ctx.settings.openai_tool_progress });
    yield [chunks.start()].map(toText);
    try {
      for await (const frames of framesOf(ctx, run, controller.signal)) {
        last = frames.at(-1)?.id ?? last;
        const deltas = frames.flatMap((frame) => answer.take(frame));
        if (deltas.length > 0) yield deltas.map((delta) => toText(chunks.delta(delta)));
      }
      const rest = answer.finish().map((delta) => chunks.delta(delta));
      yield [...rest, ...chunks.end(answer.ending(run), wantsUsage(body))].map(toText);
    } catch (error) {
      yield [toText(openAiErrorBody(error, ctx.log))];
    }
  };
  return dataStream(source(), {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers,
    controller,
    onLeave: () => void leaveByPolicy(ctx, run),
    onFailure: (error) => ctx.log.error({ err: error, run_id: run.run_id }, "a stream broke off"),
    slow: { isTooFarBehind: () => isTooFarBehind(ctx, run, last), drop },
  });
}

const toText = (value: JsonObject): string => JSON.stringify(value);

/** What a run says, as an answer is made of it. */
export const framesOf = (
  ctx: Context,
  run: Run,
  signal: AbortSignal,
): AsyncGenerator<Frame[], void> =>
  followRun(ctx, run, { modes: [...MODES], after: undefined, signal });

/** Ends a run whose client went away, where that is what the server does. */
export async function leaveByPolicy(ctx: Context, run: Run): Promise<void> {
  if (run.kwargs.on_disconnect !== "cancel") return;
  await leaveRun(ctx, run).catch((error: unknown) =>
    ctx.log.error({ err: error }, "could not cancel a left run"),
  );
}
