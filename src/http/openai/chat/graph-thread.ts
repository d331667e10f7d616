import { z } from "zod";
import type { Context } from "../../../context.ts";
import { AppError, NotFoundError } from "../../../core/errors.ts";
import { derivedId } from "../../../core/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../core/json.ts";
import type { Run } from "../../../domain/run.ts";
import type { Thread } from "../../../domain/thread.ts";
import { getThread } from "../../../services/threads/find.ts";
import { getHistory } from "../../../services/threads/state.ts";
import { answerTo, Interrupt } from "./interrupts.ts";
import { type ChatMessage, type ChatRequest, textOf } from "./request.ts";

/** Where clients name the conversation they mean. */
const HEADER = "x-thread-id";
/** Open WebUI forwards its own name of it, and always sends all of the conversation. */
const OPEN_WEBUI = "x-openwebui-chat-id";
/** How far back a point is looked for from which an answer is to be made anew. */
const MAX_HISTORY = 200;

/** What a run on a thread starts with. */
export interface Start {
  input?: Json;
  command?: { resume: Json };
  checkpoint?: { checkpoint_id: string };
}

/** A conversation as a client names it. */
export interface Conversation {
  thread_id: string;
  /** Whether its messages are all there are, and not only what is new. */
  isWhole: boolean;
}

/** The conversation that a request belongs to; undefined for one that stands alone. */
export function conversationOf(
  { actor }: Context,
  { metadata, messages }: ChatRequest,
  headers: Headers,
): Conversation | undefined {
  const named = metadata?.["thread_id"] ?? headers.get(HEADER);
  const chat = headers.get(OPEN_WEBUI);
  const key = typeof named === "string" && named !== "" ? named : chat;
  if (key === null || key === "") return undefined;
  const isWhole = key === chat || messages.some(({ role }) => role === "assistant");
  if (z.uuid().safeParse(key).success) return { thread_id: key.toLowerCase(), isWhole };
  // A name of the client's own stands for a thread of this client alone.
  return { thread_id: derivedId(`thread ${actor.identity} ${key}`), isWhole };
}

/** What is new in a conversation: all of it for a thread that is not there, else what the thread has not. */
export async function startOn(
  ctx: Context,
  conversation: Conversation | undefined,
  messages: readonly ChatMessage[],
): Promise<Start> {
  const spoken = messages.filter(({ role }) => !isInstruction(role));
  const thread = conversation && (await find(ctx, conversation.thread_id));
  if (!thread) return { input: inputOf(spoken) };
  const latest = spoken.slice(spoken.findLastIndex(({ role }) => role === "assistant") + 1);
  const waiting = waitsFor(thread);
  if (waiting.length > 0) return { command: { resume: resumeWith(waiting, latest) } };
  const again = conversation.isWhole ? await pointBefore(ctx, thread, spoken) : undefined;
  return { input: inputOf(latest), ...(again ? { checkpoint: again } : {}) };
}

/** What a run waits for an answer to. */
export const askedBy = ({ end_interrupts: asked }: Run): Interrupt[] =>
  (asked ?? []).flatMap((one) => Interrupt.safeParse(one).data ?? []);

/**
 * Goes on from where a run ended, whether or not others have followed on its thread. What it asked is answered by
 * `answers`, and what these leave by the messages.
 */
export function startAfter(
  run: Run,
  messages: readonly ChatMessage[],
  answers: Record<string, Json>,
): Start {
  const spoken = messages.filter(({ role }) => !isInstruction(role));
  const { end_checkpoint_id: end } = run;
  const waiting = askedBy(run);
  const left = waiting.filter(({ id }) => !Object.hasOwn(answers, id));
  const isSilent = spoken.length === 0 && left.length < waiting.length;
  const said = left.length === 0 || isSilent ? {} : resumeWith(left, spoken);
  return {
    ...(waiting.length > 0
      ? { command: { resume: { ...answers, ...said } } }
      : { input: inputOf(spoken) }),
    ...(end === null ? {} : { checkpoint: { checkpoint_id: end } }),
  };
}

/** The instructions of a conversation, which graphs take as their prompt. */
export function instructionsOf(messages: readonly ChatMessage[]): string {
  return messages
    .filter(({ role }) => isInstruction(role))
    .map(({ content }) => textOf(content))
    .join("\n\n");
}

const isInstruction = (role: string): boolean => role === "system" || role === "developer";

const inputOf = (messages: readonly ChatMessage[]): JsonObject => ({
  messages: z.array(z.json()).parse(messages),
});

function waitsFor({ status, interrupts }: Thread): Interrupt[] {
  if (status !== "interrupted") return [];
  return Object.values(interrupts)
    .flat()
    .flatMap((one) => Interrupt.safeParse(one).data ?? []);
}

function resumeWith(waiting: readonly Interrupt[], latest: readonly ChatMessage[]): JsonObject {
  const text = latest.map(({ content }) => textOf(content)).join("\n");
  const answer = answerTo(waiting, text);
  if (answer !== undefined) return answer;
  throw new AppError(
    "validation",
    'This conversation waits for a decision: answer with "approve", "reject <reason>", or "edit <arguments as JSON>"',
  );
}

/**
 * The point to go on from when a client asks for an answer anew, or after it changed an earlier message: it sends
 * the whole conversation, with fewer messages of the user than the thread has.
 */
async function pointBefore(
  ctx: Context,
  { thread_id }: Thread,
  spoken: readonly ChatMessage[],
): Promise<{ checkpoint_id: string } | undefined> {
  const before = spoken.filter(({ role }) => role === "user").length - 1;
  const states = await getHistory(ctx, { thread_id, limit: 1 });
  const held = states[0] ? humansIn(states[0]) : 0;
  if (held <= before) return undefined;
  for (const state of await getHistory(ctx, { thread_id, limit: MAX_HISTORY }))
    if (humansIn(state) === before && isAtRest(state)) return placeOf(state);
  return undefined;
}

/** Between two turns, or before the first. */
const isAtRest = ({ next, metadata }: JsonObject): boolean =>
  (Array.isArray(next) && next.length === 0) ||
  (isJsonObject(metadata) && metadata["source"] === "input" && metadata["step"] === -1);

function humansIn({ values }: JsonObject): number {
  const messages = isJsonObject(values) ? values["messages"] : undefined;
  return (Array.isArray(messages) ? messages : []).filter(
    (message) => isJsonObject(message) && message["type"] === "human",
  ).length;
}

function placeOf({ checkpoint }: JsonObject): { checkpoint_id: string } | undefined {
  const id = isJsonObject(checkpoint) ? checkpoint["checkpoint_id"] : undefined;
  return typeof id === "string" ? { checkpoint_id: id } : undefined;
}

async function find(ctx: Context, thread_id: string): Promise<Thread | undefined> {
  try {
    return await getThread(ctx, { thread_id });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
