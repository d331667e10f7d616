import { createHash } from "node:crypto";
import type { Context } from "../../context.ts";
import { AppError, ConflictError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";

/** How long a request may take to create what it should; a longer one is taken for dead. */
const RESERVE_MS = 30_000;
const KEEP_MS = 24 * 3_600_000;
const MAX_KEY_LENGTH = 255;

/** What a request with a key creates. */
export const CREATED = ["run", "thread", "cron", "assistant", "task", "response"] as const;
export type Created = (typeof CREATED)[number];

/** What a key says of the thing its request creates. */
export interface Creation {
  id: string;
  /** An earlier request has created it. */
  isRepeat: boolean;
}

interface KeyedRequest {
  key: string;
  /** All that makes it this request: its method, its path, its body. */
  asks: readonly unknown[];
  creates: Created;
  /** The id that the client itself has given what it creates. */
  chosenId?: string | undefined;
}

interface Held {
  actor: string;
  key: string;
  fingerprint: string;
}

const fingerprintOf = (asks: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(asks)).digest("base64url");

/**
 * Does what a request with a key asks for; when an earlier one has done so, `act` only answers with what
 * was created. A failure that is not an AppError of the client's own leaves open what came of it.
 */
export async function once<T>(
  ctx: Context,
  { key, asks, creates, chosenId }: KeyedRequest,
  act: (creation: Creation) => Promise<T>,
): Promise<T> {
  if (key === "" || key.length > MAX_KEY_LENGTH)
    throw new AppError("validation", `Idempotency-Key has 1 to ${MAX_KEY_LENGTH} signs`);
  const held = { actor: ctx.actor.identity, key, fingerprint: fingerprintOf(asks) };
  const creation = await reserveKey(ctx, held, creates);
  if (creation.isRepeat) return act(creation);
  try {
    const result = await act(creation);
    await settleKey(ctx, held, { id: chosenId ?? creation.id });
    return result;
  } catch (error) {
    await settleKey(ctx, held, { error });
    throw error;
  }
}

async function isThere({ storage }: Context, kind: Created, id: string): Promise<boolean> {
  switch (kind) {
    case "run":
      return (await storage.runs.find(id)) !== undefined;
    case "thread":
      return (await storage.threads.find(id)) !== undefined;
    case "assistant":
      return (await storage.assistants.find(id)) !== undefined;
    case "task":
      return (await storage.tasks.find(id)) !== undefined;
    case "cron":
      return (await storage.crons.find(id)) !== undefined;
    case "response":
      return await isBeingMade(storage, id);
  }
}

/** Whether there is a response with what makes it: a crash may have come between the two. */
async function isBeingMade(storage: Context["storage"], id: string): Promise<boolean> {
  const found = await storage.responses.find(id);
  if (found === undefined) return false;
  if (found.source === "model") return true;
  const maker = found.source === "run" ? storage.runs.find(id) : storage.tasks.find(id);
  return (await maker) !== undefined;
}

/**
 * Takes a key for a request, or finds what the first request with it has created. Refused with 422
 * when that was another request, with 409 while it is in progress.
 */
async function reserveKey(ctx: Context, request: Held, creates: Created): Promise<Creation> {
  const now = ctx.clock.now();
  const held = await ctx.storage.idempotency.reserve(
    { ...request, resource_id: newId() },
    { now, reserved_until: now + RESERVE_MS, expires_at: now + KEEP_MS },
  );
  const { resource_id: id } = held;
  if (held.state === "mine")
    return { id, isRepeat: held.isRetake && (await isThere(ctx, creates, id)) };
  if (held.fingerprint !== request.fingerprint)
    throw new AppError(
      "validation",
      `The Idempotency-Key ${JSON.stringify(request.key)} was used for another request`,
    );
  if (held.state === "done" || (await isThere(ctx, creates, id))) return { id, isRepeat: true };
  throw new ConflictError("The first request with this Idempotency-Key is still in progress", {
    retry_after_seconds: 1,
  });
}

/** Keeps what a request came to: the id of what it created, or why it failed. */
async function settleKey(
  ctx: Context,
  owner: Held,
  result: { id: string } | { error: unknown },
): Promise<void> {
  const { idempotency } = ctx.storage;
  if ("id" in result) return idempotency.complete(owner, result.id);
  const { error } = result;
  const isRefused = error instanceof AppError && CLIENT_ERRORS.has(error.code);
  await (isRefused ? idempotency.release(owner) : idempotency.breakOff(owner)).catch(
    (failure: unknown) => ctx.log.warn({ err: failure }, "could not give an Idempotency-Key back"),
  );
}

/** Nothing was created, and the client may send something else. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set([
  "bad_request",
  "forbidden",
  "not_found",
  "conflict",
  "graph_unavailable",
  "validation",
  "limit",
]);
