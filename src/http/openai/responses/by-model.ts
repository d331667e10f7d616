import type { JsonObject } from "../../../core/json.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import { keepResponse } from "../../../services/responses/stored.ts";
import { createTask } from "../../../services/tasks/create.ts";
import type { ChatRequest } from "../chat/request.ts";
import { type Making, newStored, orForget, type ResponseCall } from "./making.ts";
import { chatOf, refuseSilence } from "./request.ts";
import { itemsUpTo, speechOf } from "./show.ts";
import { chunksSpeech, completionSpeech } from "./speech.ts";

/** Begins the answer of a model: as a task where it is one of the background. */
export async function byModel(
  call: ResponseCall,
  model: string,
  previous: StoredResponse | undefined,
): Promise<Making> {
  const { ctx, body } = call;
  const chat = chatOf(body, previous ? await itemsUpTo(ctx, previous) : []);
  refuseSilence(chat);
  if (body.background === true) return byTask(call, model, chat);
  const stored = newStored(call, { source: "model", thread_id: null });
  const asked = { model, actor: ctx.actor };
  // It was checked to be JSON when it was read.
  const json = chat as JsonObject;
  const wanted = { ...json, stream_options: { include_usage: true } };
  return {
    stored,
    speech: async ({ signal }) =>
      body.stream === true
        ? chunksSpeech(await ctx.modelCalls.streamChat({ ...asked, signal }, wanted))
        : completionSpeech(await ctx.modelCalls.complete({ ...asked, signal }, json)),
  };
}

async function byTask(call: ResponseCall, model: string, chat: ChatRequest): Promise<Making> {
  const { ctx } = call;
  const stored = newStored(call, { source: "task", thread_id: null });
  const { messages, model: _, metadata: __, stream: ___, ...parameters } = chat as JsonObject;
  const input = { ...parameters, messages: messages as JsonObject[] };
  await keepResponse(ctx, stored);
  const task = { kind: "chat" as const, input, model, task_id: stored.response_id };
  await orForget(ctx, stored, createTask(ctx, task));
  return { stored, speech: (listener) => speechOf(ctx, stored, listener) };
}
