import type { Context } from "../../context.ts";
import { AppError, NotFoundError } from "../../core/errors.ts";
import { systemAssistantId } from "../../core/ids.ts";
import type { Assistant, AssistantPatch } from "../../domain/assistant.ts";
import { allowed, allowedWith } from "../access.ts";
import { deleteThread } from "../threads/change.ts";
import { searchThreads } from "../threads/search.ts";
import { checkGraph } from "./create.ts";

interface Named {
  assistant_id: string;
}

/** The id of an assistant that may be changed: those that stand for the graphs themselves may not. */
function changeable(ctx: Context, { assistant_id }: Named): string {
  const graph = ctx.graphs
    .ids()
    .find((id) => id === assistant_id || systemAssistantId(id) === assistant_id);
  if (graph === undefined) return assistant_id;
  throw new AppError(
    "forbidden",
    `The assistant of graph ${JSON.stringify(graph)} is made by the server, from langgraph.json and LANGGRAPH_CONFIG; create one of your own instead`,
  );
}

/** Makes a new version: metadata are merged, the other fields that are given are replaced. */
export async function patchAssistant(
  ctx: Context,
  input: Named & { change: AssistantPatch },
): Promise<Assistant> {
  const assistant_id = changeable(ctx, input);
  if (input.change.graph_id !== undefined) checkGraph(ctx, input.change.graph_id);
  const { filter: access, value } = await allowedWith(ctx, "assistants:update", {
    ...input.change,
    assistant_id,
    metadata: { ...input.change.metadata },
  });
  const patched = await ctx.storage.assistants.patch(assistant_id, {
    ...input.change,
    metadata: value.metadata,
    now: ctx.clock.now(),
    access,
  });
  if (!patched) throw new NotFoundError("Assistant", assistant_id);
  return patched;
}

/** Makes an earlier version the one that is in force. */
export async function setLatestVersion(
  ctx: Context,
  input: Named & { version: number },
): Promise<Assistant> {
  const assistant_id = changeable(ctx, input);
  const { version } = input;
  const access = await allowed(ctx, "assistants:update", { assistant_id, version });
  const change = { version, now: ctx.clock.now(), access };
  const latest = await ctx.storage.assistants.setLatest(assistant_id, change);
  if (latest) return latest;
  const isThere = await ctx.storage.assistants.find(assistant_id, access);
  throw isThere
    ? new NotFoundError(`Version of assistant ${assistant_id}`, String(version))
    : new NotFoundError("Assistant", assistant_id);
}

/** Deletes an assistant with its versions, and its threads when that is asked for; its runs go on. */
export async function deleteAssistant(
  ctx: Context,
  input: Named & { delete_threads: boolean },
): Promise<void> {
  const assistant_id = changeable(ctx, input);
  const access = await allowed(ctx, "assistants:delete", { assistant_id });
  if (!(await ctx.storage.assistants.find(assistant_id, access)))
    throw new NotFoundError("Assistant", assistant_id);
  // The threads go first: were this broken off, the assistant would still be there to try again.
  if (input.delete_threads) await deleteThreadsOf(ctx, assistant_id);
  await ctx.storage.assistants.delete(assistant_id, access);
}

const PAGE = 500;

async function deleteThreadsOf(ctx: Context, assistant_id: string): Promise<void> {
  const ids: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { rows } = await searchThreads(ctx, {
      filter: { metadata: { assistant_id } },
      page: { limit: PAGE, offset, sort_by: "thread_id", sort_order: "asc" },
    });
    ids.push(...rows.map(({ thread_id }) => thread_id));
    if (rows.length < PAGE) break;
  }
  for (const thread_id of ids) {
    await deleteThread(ctx, { thread_id }).catch((error: unknown) => {
      // Somebody else has deleted it since, or this actor may see but not delete it.
      if (!(error instanceof NotFoundError)) throw error;
    });
  }
}
