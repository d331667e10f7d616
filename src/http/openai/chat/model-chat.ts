import type { JsonObject } from "../../../core/json.ts";
import type { ApiRequest } from "../../route.ts";
import { dataStream } from "../data-stream.ts";
import { openAiErrorBody } from "../errors.ts";
import { isChore } from "./chores.ts";
import { chunksInFunctions, completionInFunctions } from "./functions.ts";
import type { ChatRequest } from "./request.ts";

type Request = ApiRequest<unknown, unknown, ChatRequest>;

/** Answers a chat completion by a model, the default one where none is named; `asFunctions` in the words of old. */
export async function answerByModel(
  { ctx, body, signal }: Request,
  model: string | undefined,
  { asFunctions }: { asFunctions: boolean },
): Promise<Response> {
  const chosen = isChore(body) ? (ctx.settings.openai_chore_model ?? model) : model;
  const asked = { model: chosen, actor: ctx.actor };
  // What the router has parsed is JSON.
  const json = body as JsonObject;
  if (body.stream !== true) {
    const answer = await ctx.modelCalls.complete({ ...asked, signal }, json);
    return Response.json(asFunctions ? completionInFunctions(answer) : answer);
  }
  const controller = new AbortController();
  const chunks = await ctx.modelCalls.streamChat(
    { ...asked, signal: AbortSignal.any([signal, controller.signal]) },
    json,
  );
  return dataStream(
    told(asFunctions ? chunksInFunctions(chunks) : chunks, (error) =>
      JSON.stringify(openAiErrorBody(error, ctx.log)),
    ),
    {
      heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
      headers: {},
      controller,
      onLeave: () => undefined,
      onFailure: (error) => ctx.log.error({ err: error, model: chosen }, "a stream broke off"),
    },
  );
}

/** The texts of a stream, and what went wrong in the middle of it as the last one. */
async function* told(
  texts: AsyncGenerator<string[], void>,
  failure: (error: unknown) => string,
): AsyncGenerator<string[], void> {
  try {
    yield* texts;
  } catch (error) {
    yield [failure(error)];
  }
}
