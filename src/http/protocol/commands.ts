import { z } from "zod";
import type { Context } from "../../context.ts";
import { AppError, type ErrorCode } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { seqBefore } from "../../domain/protocol.ts";
import { inject, respond } from "./input.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol-error.ts";
import { startRun } from "./run-start.ts";
import { forkState, getProtocolState, getTree, listCheckpoints } from "./state.ts";

/** What a client sends: over HTTP in a request each, over WebSocket in a message each. */
export const command = z.object({
  id: z.int().nonnegative(),
  method: z.string().max(200),
  params: z.unknown().optional(),
});

export type Command = z.output<typeof command>;

export type Reply = JsonObject & { type: "success" | "error" };

type Handler = (ctx: Context, threadId: string, params: unknown) => Promise<Json>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  "run.start": startRun,
  "input.respond": respond,
  "input.inject": inject,
  "state.get": getProtocolState,
  "state.listCheckpoints": listCheckpoints,
  "state.fork": forkState,
  "agent.getTree": getTree,
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
  { id, method, params }: Command,
): Promise<Reply> {
  const handler = Object.hasOwn(HANDLERS, method) ? HANDLERS[method] : undefined;
  // Events that are there by now come before what the command brings about.
  const meta = { thread_id, applied_through_seq: seqBefore(ctx.clock.now()) };
  try {
    if (!handler)
      throw new ProtocolError(
        isSubscription(method) ? "not_supported" : "unknown_command",
        isSubscription(method)
          ? `${method} needs a WebSocket; over HTTP, open POST /threads/{thread_id}/stream/events`
          : `Unknown command ${JSON.stringify(method)}`,
      );
    return success(id, await handler(ctx, thread_id, params ?? {}), meta);
  } catch (error) {
    return failure(ctx, id, error);
  }
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
    return { type: "error", id, error: error.code, message: error.message };
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
