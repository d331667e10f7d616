import type { Context } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { mayUse } from "../../domain/actor.ts";
import type { Assistant } from "../../domain/assistant.ts";
import { allowedToCreate } from "../access.ts";

export interface CreateAssistant {
  assistant_id?: string | undefined;
  graph_id: string;
  name?: string | undefined;
  description?: string | undefined;
  config?: JsonObject | undefined;
  context?: JsonObject | undefined;
  metadata?: JsonObject | undefined;
  if_exists?: "raise" | "do_nothing" | undefined;
}

/** Refuses the name of a graph that langgraph.json does not list, or that the actor is not given. */
export function checkGraph(ctx: Context, graphId: string): void {
  if (!ctx.graphs.ids().includes(graphId) || !mayUse(ctx.actor, "graphs", graphId))
    throw new NotFoundError("Graph", graphId);
}

export async function createAssistant(ctx: Context, input: CreateAssistant): Promise<Assistant> {
  checkGraph(ctx, input.graph_id);
  const assistant_id = input.assistant_id ?? newId();
  const { filter, metadata } = await allowedToCreate(ctx, "assistants:create", {
    ...input,
    assistant_id,
  });
  const now = ctx.clock.now();
  const assistant: Assistant = {
    assistant_id,
    graph_id: input.graph_id,
    name: input.name ?? "Untitled",
    description: input.description ?? null,
    config: input.config ?? {},
    context: input.context ?? {},
    metadata,
    version: 1,
    created_at: now,
    updated_at: now,
  };
  try {
    await ctx.storage.assistants.create(assistant);
    return assistant;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const existing =
      input.if_exists === "do_nothing"
        ? await ctx.storage.assistants.find(assistant_id, filter)
        : undefined;
    if (existing) return existing;
    throw new ConflictError(`Assistant ${assistant_id} already exists`);
  }
}
