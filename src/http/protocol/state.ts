import { z } from "zod";
import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { getRun } from "../../services/runs/read.ts";
import { getThread } from "../../services/threads/find.ts";
import { getHistory, getState } from "../../services/threads/state.ts";
import { json, jsonObject } from "../schemas.ts";
import { assistantOf } from "./input.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol-error.ts";
import { type Place, startOnThread } from "./run-start.ts";

const namespace = z.array(z.string()).default([]);
const MAX_CHECKPOINTS = 1000;

const getParams = z.object({ namespace, keys: z.array(z.string()).optional() });

/** `state.get`: the values of the root graph or of a subgraph. */
export async function getProtocolState(
  ctx: Context,
  { thread_id }: Place,
  raw: unknown,
): Promise<Json> {
  const { namespace: ns, keys } = getParams.parse(raw);
  const checkpoint = ns.length === 0 ? undefined : { checkpoint_ns: ns.join("|") };
  const state = await orNone("no_such_run", () =>
    getState(ctx, { thread_id, checkpoint, subgraphs: false }),
  );
  const at = refOf(state);
  if (ns.length > 0 && !at)
    throw new ProtocolError("no_such_namespace", `No state of ${ns.join("|")} is stored`);
  const values = isJsonObject(state["values"]) ? state["values"] : {};
  return {
    values: keys
      ? Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)))
      : values,
    ...(at ? { checkpoint: at } : {}),
  };
}

const listParams = z.object({
  namespace,
  limit: z.int().min(1).max(MAX_CHECKPOINTS).default(10),
  before: z.string().optional(),
});

/** `state.listCheckpoints`: newest first. */
export async function listCheckpoints(
  ctx: Context,
  { thread_id }: Place,
  raw: unknown,
): Promise<Json> {
  const { namespace: ns, limit, before } = listParams.parse(raw);
  const checkpoint = ns.length === 0 ? undefined : { checkpoint_ns: ns.join("|") };
  const states = await orNone("no_such_run", () =>
    getHistory(ctx, { thread_id, checkpoint, limit, before }),
  );
  return { checkpoints: states.map(summaryOf) };
}

const forkParams = z.object({
  checkpoint_id: z.string(),
  input: json.optional(),
  config: jsonObject.nullish(),
});

/** `state.fork`: a run that goes on from an earlier checkpoint. */
export async function forkState(ctx: Context, place: Place, raw: unknown): Promise<Json> {
  const { thread_id } = place;
  const { checkpoint_id, input = null, config } = forkParams.parse(raw);
  const thread = await orNone("no_such_run", () => getThread(ctx, { thread_id }));
  await orNone("no_such_checkpoint", () =>
    getState(ctx, { thread_id, checkpoint: { checkpoint_id }, subgraphs: false }),
  );
  const assistant_id = await assistantOf(ctx, thread);
  const run = await startOnThread(ctx, place, { assistant_id, input, config, checkpoint_id });
  return { ...run, thread_id };
}

const treeParams = z.object({ run_id: z.string().optional() });

/** `agent.getTree`: the graphs, nodes and subgraphs of a run, by default the newest. */
export async function getTree(ctx: Context, { thread_id }: Place, raw: unknown): Promise<Json> {
  const { run_id } = treeParams.parse(raw);
  const run = await orNone("no_such_run", async () => {
    if (run_id !== undefined) return getRun(ctx, { thread_id, run_id });
    await getThread(ctx, { thread_id });
    const [newest] = await ctx.storage.runs.list(thread_id, { limit: 1, offset: 0 });
    if (!newest) throw new NotFoundError("Run of thread", thread_id);
    return newest;
  });
  const tree = await ctx.streams.tree(run);
  return { tree: tree ?? { namespace: [], status: "started", graph_name: run.graph_id } };
}

async function orNone<T>(code: ProtocolErrorCode, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NotFoundError) throw new ProtocolError(code, error.message);
    throw error;
  }
}

function refOf({ checkpoint }: JsonObject): JsonObject | undefined {
  if (!isJsonObject(checkpoint ?? null)) return undefined;
  const { checkpoint_id: id, checkpoint_ns: ns } = isJsonObject(checkpoint) ? checkpoint : {};
  if (typeof id !== "string") return undefined;
  return { id, ...(typeof ns === "string" && ns !== "" ? { ns } : {}) };
}

function summaryOf(state: JsonObject): JsonObject {
  const { metadata, created_at: timestamp } = state;
  const about = isJsonObject(metadata) ? metadata : {};
  return {
    ...refOf(state),
    timestamp: timestamp ?? null,
    step: about["step"] ?? -1,
    metadata: about,
  };
}
