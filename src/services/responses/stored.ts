import type { Context } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StoredResponse } from "../../domain/response.ts";
import type { Run } from "../../domain/run.ts";
import { allowed, allowedToCreate } from "../access.ts";
import { cancelRun, deleteRun } from "../runs/cancel.ts";
import { getRun } from "../runs/read.ts";
import { cancelTask, deleteTask } from "../tasks/find.ts";
import { deleteThread } from "../threads/change.ts";

/** Keeps a response for whoever asked for it. */
export async function keepResponse(
  ctx: Context,
  { metadata: asked, ...stored }: StoredResponse,
): Promise<void> {
  const { response_id } = stored;
  const value: { response_id: string; metadata: JsonObject } = { response_id, metadata: asked };
  const { metadata } = await allowedToCreate(ctx, "responses:create", value);
  await ctx.storage.responses.keep({ ...stored, metadata });
}

export async function getResponse(
  ctx: Context,
  input: { response_id: string },
  deed: "read" | "update" = "read",
): Promise<StoredResponse> {
  const access = await allowed(ctx, `responses:${deed}`, input);
  const found = await ctx.storage.responses.find(input.response_id, access);
  if (!found) throw new NotFoundError("Response", input.response_id);
  return found;
}

/**
 * Refuses a second answer to what a response asks: the first one holds, and would be taken for it. Two that come
 * at once are both kept when they look, and the earlier one goes on.
 */
export async function refuseSecondAnswer(
  ctx: Context,
  { response_id: own, previous_id }: Pick<StoredResponse, "response_id" | "previous_id">,
): Promise<void> {
  if (previous_id === null) return;
  for (const id of await ctx.storage.responses.followersOf(previous_id)) {
    if (id === own) continue;
    const run = await ctx.storage.runs.find(id);
    if (run ? !hasAnswered(run) : id > own) continue;
    throw new ConflictError(
      `What resp_${previous_id} asks was answered already: go on from resp_${id}`,
    );
  }
}

/** One that failed may not have come to its answer, which may then be given again. */
function hasAnswered({ status, kwargs, end_interrupts }: Run): boolean {
  if (kwargs.command?.resume === undefined || status === "error" || status === "timeout")
    return false;
  return status !== "interrupted" || end_interrupts !== null;
}

/** Asks for the end of a response that is being made; one that has ended stays as it is. */
export async function cancelResponse(ctx: Context, input: { response_id: string }): Promise<void> {
  const { source, response_id } = await getResponse(ctx, input, "update");
  if (source === "task") await cancelTask(ctx, { task_id: response_id });
  if (source === "run") await endRun(ctx, response_id);
}

/** Deletes a response with what made it; the thread of a conversation goes with the last of it. */
export async function deleteResponse(ctx: Context, input: { response_id: string }): Promise<void> {
  const access = await allowed(ctx, "responses:delete", input);
  const { response_id } = input;
  const found = await ctx.storage.responses.find(response_id, access);
  if (!found) throw new NotFoundError("Response", response_id);
  if (found.source === "task") await unlessGone(deleteTask(ctx, { task_id: response_id }));
  if (found.thread_id !== null) await forget(ctx, response_id, found.thread_id);
  await ctx.storage.responses.delete(response_id, access);
}

async function forget(ctx: Context, run_id: string, thread_id: string): Promise<void> {
  if ((await ctx.storage.responses.countOf(thread_id)) <= 1)
    return await unlessGone(deleteThread(ctx, { thread_id }));
  await unlessGone(endRun(ctx, run_id));
  await unlessGone(deleteRun(ctx, { run_id }));
}

async function endRun(ctx: Context, run_id: string): Promise<void> {
  const { status } = await getRun(ctx, { run_id }, "update");
  if (status === "pending" || status === "running")
    await cancelRun(ctx, { run_id, action: "interrupt", wait: true });
}

/** What was deleted by another way is as gone. */
async function unlessGone(deletion: Promise<void>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
  });
}
