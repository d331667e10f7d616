import type { Context } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { newId } from "../../../core/ids.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import type { Run } from "../../../domain/run.ts";
import { keepResponse, refuseSecondAnswer } from "../../../services/responses/stored.ts";
import { createRun } from "../../../services/runs/create.ts";
import { getRun } from "../../../services/runs/read.ts";
import { copyThread } from "../../../services/threads/copy.ts";
import { howToRun, refuseForcedTools } from "../chat/graph-chat.ts";
import { askedBy, type Start, startAfter, startOn } from "../chat/graph-thread.ts";
import type { ChatRequest } from "../chat/request.ts";
import { answersIn } from "./approvals.ts";
import { type Making, newStored, orForget, type ResponseCall } from "./making.ts";
import { chatOf, refuseSilence } from "./request.ts";
import { itemsUpTo } from "./show.ts";
import { graphSpeech, type Listener } from "./speech.ts";

/** What a run starts with, and the settings it has of the request. */
interface Beginning {
  chat: ChatRequest;
  start: Start;
  /** Where it goes on; undefined for a conversation that begins. */
  thread_id?: string | undefined;
}

/** Begins the answer of a graph, which is a run on the thread of its conversation. */
export async function byGraph(
  call: ResponseCall,
  assistant_id: string,
  previous: StoredResponse | undefined,
): Promise<Making> {
  const { ctx, body } = call;
  refuseForcedTools(body.tool_choice);
  const isStored = body.store !== false;
  const last = previous && (await lastRunOf(ctx, previous));
  const isSame = last?.assistant_id === assistant_id;
  const beginning = isSame ? await goOn(call, last) : await beginAnew(call, previous);
  const thread_id = beginning.thread_id ?? newId();
  const stored = newStored(call, { source: "run", thread_id });
  if (isStored) await keepResponse(ctx, stored);
  const creation = begin(call, stored, {
    ...beginning,
    assistant_id,
    // What is not stored has a thread that is deleted after it.
    thread_id: isStored ? thread_id : beginning.thread_id,
  });
  const run = await (isStored ? orForget(ctx, stored, creation) : creation);
  const speech = (listener: Listener) => Promise.resolve(graphSpeech(ctx, run, listener));
  return { stored, run, speech };
}

async function begin(
  { ctx, body }: ResponseCall,
  stored: StoredResponse,
  { chat, start, ...where }: Beginning & { assistant_id: string },
): Promise<Run> {
  if (start.command) await refuseSecondAnswer(ctx, stored);
  return createRun(ctx, {
    ...start,
    ...howToRun(ctx, chat),
    ...(body.background === true ? { on_disconnect: "continue" as const } : {}),
    ...where,
    run_id: stored.response_id,
  });
}

/** On the thread of the run before, or on a passing copy of it where nothing is to be kept. */
async function goOn({ ctx, body }: ResponseCall, last: Run): Promise<Beginning> {
  const about = { waiting: askedBy(last), response_id: last.run_id };
  const { answers, others } = answersIn(body.input, about);
  const chat = chatOf({ ...withoutOwnFields(body), input: others }, []);
  if (Object.keys(answers).length === 0) refuseSilence(chat);
  const start = startAfter(last, chat.messages, answers);
  const { thread_id } = last;
  if (body.store !== false) return { chat, start, thread_id };
  const copy = await copyThread(ctx, { thread_id, isTemporary: true });
  return { chat, start, thread_id: copy.thread_id };
}

/** With the words of what was said before, where that was said by a model or another graph. */
async function beginAnew(
  { ctx, body }: ResponseCall,
  previous: StoredResponse | undefined,
): Promise<Beginning> {
  const earlier = previous ? await itemsUpTo(ctx, previous) : [];
  const chat = chatOf(withoutOwnFields(body), earlier);
  refuseSilence(chat);
  return { chat, start: await startOn(ctx, undefined, chat.messages) };
}

const withoutOwnFields = (body: ResponseCall["body"]): ResponseCall["body"] => ({
  ...body,
  tools: undefined,
  text: undefined,
});

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
