import type { Context, Superstep } from "../../context.ts";
import { ConflictError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Thread, ThreadTtl } from "../../domain/thread.ts";
import { allowedToCreate } from "../access.ts";

export interface CreateThread {
  thread_id?: string | undefined;
  metadata?: JsonObject | undefined;
  if_exists?: "raise" | "do_nothing" | undefined;
  ttl?: ThreadTtl | undefined;
  /** What its state is to be made of; needs `graph_id` in the metadata. */
  supersteps?: readonly Superstep[] | undefined;
}

/** The time to live of threads that name none. */
export const defaultTtl = (settings: Context["settings"]): ThreadTtl | undefined =>
  settings.thread_ttl_minutes === undefined
    ? undefined
    : { ttl: settings.thread_ttl_minutes, strategy: settings.thread_ttl_strategy };

export const newThread = (input: {
  thread_id: string;
  metadata: JsonObject;
  now: number;
  ttl?: ThreadTtl | undefined;
}): Thread => ({
  thread_id: input.thread_id,
  status: "idle",
  metadata: input.metadata,
  config: {},
  interrupts: {},
  error: null,
  created_at: input.now,
  updated_at: input.now,
  state_updated_at: input.now,
  ...(input.ttl ? { ttl: input.ttl } : {}),
});

export async function createThread(ctx: Context, input: CreateThread): Promise<Thread> {
  const thread_id = input.thread_id ?? newId();
  const { filter, metadata } = await allowedToCreate(ctx, "threads:create", {
    ...input,
    thread_id,
  });
  const thread = newThread({
    thread_id,
    metadata,
    now: ctx.clock.now(),
    ttl: input.ttl ?? defaultTtl(ctx.settings),
  });
  try {
    await ctx.storage.threads.create(thread);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const existing =
      input.if_exists === "do_nothing"
        ? await ctx.storage.threads.find(thread.thread_id, filter)
        : undefined;
    if (existing) return existing;
    throw new ConflictError(`Thread ${thread.thread_id} already exists`);
  }
  if (input.supersteps?.length) await fill(ctx, thread, input.supersteps);
  return thread;
}

/** Writes the state of a new thread; without it there is no thread. */
async function fill(
  { storage, states }: Context,
  thread: Thread,
  supersteps: readonly Superstep[],
): Promise<void> {
  try {
    await states.bulk(thread, supersteps);
  } catch (error) {
    await storage.threads.delete(thread.thread_id);
    throw error;
  }
}
