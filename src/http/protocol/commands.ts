import { z } from "zod";
import type { Context } from "../../context.ts";
import { AppError, type ErrorCode } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { seqBefore } from "../../domain/protocol.ts";
import { once } from "../../services/maintenance/idempotency.ts";
import { inject, respond } from "./input.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol-error.ts";
import { type Place, startRun } from "./run-start.ts";
import { forkState, getProtocolState, getTree, listCheckpoints } from "./state.ts";

/** What a client sends: over HTTP in a request each, over WebSocket in a message each. */
export const command = z.object({
  id: z.int().nonnegative(),
  method: z.string().max(200),
  params: z.unknown().optional(),
  /** As the header Idempotency-Key, which a message on a WebSocket cannot have. */
  idempotency_key: z.string().optional(),
});

export type Command = z.output<typeof command>;

export type Reply = JsonObject & { type: "success" | "error" };

type Handler = (ctx: Context, place: Place, params: unknown) => Promise<Json>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  "run.start": startRun,
  "input.respond": respond,
  "input.inject": inject,
  "state.get": getProtocolState,
  "state.listCheckpoints": listCheckpoints,
  "state.fork": forkState,
  "agent.getTree": getTree,
};

const runOf = ({ run_id = "" }: Place): JsonObject => ({ run_id });

/** What commands that start a run answer when they are repeated under their key. */
const ANSWER_AGAIN: Readonly<Record<string, (place: Place) => Json>> = {
  "run.start": runOf,
  "input.inject": runOf,
  "input.respond": () => ({}),
  "state.fork": (place) => ({ ...runOf(place), thread_id: place.thread_id }),
};

const CODE_OF: Partial<Record<ErrorCode, ProtocolErrorCode>> = {
  bad_request: "invalid_argument",
  validation: "invalid_argument",
  graph_unavailable: "invalid_argument",
  conflict: "invalid_argument",
  not_found: "invalid_argument",
  unauthorized: "permission_denied",
  forbidden: "permission_denied",
  not_supported: "not_supported",
};

/** Carries a command out; whatever comes of it is a reply. */
export async function handleCommand(
  ctx: Context,
  thread_id: string,
  { id, ...command }: Command,
): Promise<Reply> {
  // Events that are there by now come before what the command brings about.
  const meta = { thread_id, applied_through_seq: seqBefore(ctx.clock.now()) };
  try {
    return success(id, await carryOut(ctx, { thread_id }, command), meta);
  } catch (error) {
    return failure(ctx, id, error);
  }
}

/** With a key, a command that starts a run starts only one. */
function carryOut(ctx: Context, place: Place, command: Omit<Command, "id">): Promise<Json> {
  const { method, params = {}, idempotency_key: key } = command;
  const handler = handlerOf(method);
  const again = Object.hasOwn(ANSWER_AGAIN, method) ? ANSWER_AGAIN[method] : undefined;
  if (key === undefined || again === undefined) return handler(ctx, place, params);
  const asks = ["command", place.thread_id, method, params];
  return once(ctx, { key, asks, creates: "run" }, async ({ id, isRepeat }) => {
    const started = { ...place, run_id: id };
    return isRepeat ? again(started) : readable(handler(ctx, started, params));
  });
}

/** Parameters that are not what they should be are the client's own error. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new ProtocolError("invalid_argument", z.prettifyError(error));
  }
}

function handlerOf(method: string): Handler {
  const handler = Object.hasOwn(HANDLERS, method) ? HANDLERS[method] : undefined;
  if (handler) return handler;
  if (isSubscription(method))
    throw new ProtocolError(
      "not_supported",
      `${method} needs a WebSocket; over HTTP, open POST /threads/{thread_id}/stream/events`,
    );
  throw new ProtocolError("unknown_command", `Unknown command ${JSON.stringify(method)}`);
}

const isSubscription = (method: string): boolean => method.startsWith("subscription.");

export const success = (id: number, result: Json, meta?: JsonObject): Reply => ({
  type: "success",
  id,
  result,
  ...(meta ? { meta } : {}),
});

/** The reply to a command that failed; null is the id of one that could not be read. */
export function failure(ctx: Context, id: number | null, error: unknown): Reply {
  if (error instanceof ProtocolError)
    return { type: "error", id, error: error.word, message: error.message };
  if (error instanceof z.ZodError)
    return { type: "error", id, error: "invalid_argument", message: z.prettifyError(error) };
  if (error instanceof AppError)
    return {
      type: "error",
      id,
      error: CODE_OF[error.code] ?? "unknown_error",
      message: error.message,
    };
  ctx.log.error({ err: error }, "a protocol command failed");
  return { type: "error", id, error: "unknown_error", message: "Internal server error" };
}
