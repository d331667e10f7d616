import type { Context } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { type AccessFilter, keysOf, meets, stampOf } from "../domain/access-filter.ts";

type Value = Record<string, unknown>;

/** The rows that the actor may do something with, undefined for all; rejects when it may not at all. */
export async function allowed(
  ctx: Context,
  event: string,
  value: Value = {},
): Promise<AccessFilter | undefined> {
  // A handler may change the value, which is the caller's only when it asks for that.
  return ctx.actor.kind === "server"
    ? undefined
    : ctx.guard.decide(ctx.actor, { event, value: { ...value } });
}

/** As `allowed`, and answers the value as an auth handler left it. */
export async function allowedWith<T extends Value>(
  ctx: Context,
  event: string,
  value: T,
): Promise<{ filter: AccessFilter | undefined; value: T }> {
  if (ctx.actor.kind === "server") return { filter: undefined, value };
  const changed = { ...value };
  return { filter: await ctx.guard.decide(ctx.actor, { event, value: changed }), value: changed };
}

/** As `allowed`, for something new: its metadata are what a handler made of them, and name their owner. */
export async function allowedToCreate(
  ctx: Context,
  event: string,
  input: Value & { metadata?: JsonObject | undefined },
): Promise<{ filter: AccessFilter | undefined; metadata: JsonObject }> {
  const asked = { ...input, metadata: { ...input.metadata } };
  const { filter, value } = await allowedWith<Value>(ctx, event, asked);
  const metadata = {
    ...(isJsonObject(value["metadata"]) ? value["metadata"] : {}),
    ...stampOf(filter),
  };
  if (meets(metadata, filter)) return { filter, metadata };
  throw new AppError(
    "forbidden",
    `What you create must have ${keysOf(filter).join(", ")} in its metadata as you may see it`,
  );
}
