import type { Context, StateAddress } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Thread } from "../../domain/thread.ts";
import { getThread } from "./find.ts";

interface At {
  thread_id: string;
  checkpoint?: StateAddress["checkpoint"];
}

export async function getState(
  ctx: Context,
  input: At & { subgraphs: boolean },
): Promise<JsonObject> {
  const thread = await getThread(ctx, input);
  const state = await ctx.states.get(
    { thread, checkpoint: input.checkpoint },
    { subgraphs: input.subgraphs },
  );
  const wanted = input.checkpoint?.checkpoint_id;
  if (wanted !== undefined && state["checkpoint"] === null)
    throw new NotFoundError("Checkpoint", wanted);
  return state;
}

export async function getHistory(
  ctx: Context,
  input: At & { limit: number; before?: string | undefined; metadata?: JsonObject | undefined },
): Promise<JsonObject[]> {
  const thread = await getThread(ctx, input);
  const { limit, before, metadata } = input;
  return ctx.states.history({ thread, checkpoint: input.checkpoint }, { limit, before, metadata });
}

/** A thread whose last run failed or asked is not `busy`, even while other runs wait. */
async function isOccupied({ storage }: Context, { thread_id, status }: Thread): Promise<boolean> {
  if (status === "busy") return true;
  const pending = await storage.runs.list(thread_id, { limit: 1, offset: 0, status: "pending" });
  return pending.length > 0;
}

export async function updateState(
  ctx: Context,
  input: At & { values: Json; as_node?: string | undefined },
): Promise<JsonObject> {
  const thread = await getThread(ctx, input, "update");
  if (await isOccupied(ctx, thread))
    throw new ConflictError(`Thread ${thread.thread_id} has a pending or running run`);
  const { values, as_node } = input;
  return ctx.states.update({ thread, checkpoint: input.checkpoint }, { values, as_node });
}
