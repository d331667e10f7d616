import type { Context, StateAddress } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
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

export async function updateState(
  ctx: Context,
  input: At & { values: Json; as_node?: string | undefined },
): Promise<JsonObject> {
  const thread = await getThread(ctx, input);
  if (thread.status === "busy")
    throw new ConflictError(`Thread ${thread.thread_id} has a pending or running run`);
  const { values, as_node } = input;
  return ctx.states.update({ thread, checkpoint: input.checkpoint }, { values, as_node });
}
