import { z } from "zod";
import type { Context } from "../../context.ts";
import type { Json } from "../../core/json.ts";
import type { GotoTarget } from "../../domain/run.ts";
import type { Thread } from "../../domain/thread.ts";
import { json, jsonObject } from "../schemas.ts";
import { ProtocolError } from "./protocol-error.ts";
import { findThread, type Place, startOnThread, waitsFor } from "./run-start.ts";

const target = z.union([
  z.string(),
  z
    .object({ node: z.string(), input: json.optional() })
    .transform(({ node, input }): GotoTarget => ({ node, input: input ?? null })),
]);

const answer = z.object({ interrupt_id: z.string(), response: json.optional() });

const respondParams = z
  .object({
    interrupt_id: z.string().optional(),
    response: json.optional(),
    responses: z.array(answer).min(1).optional(),
    update: jsonObject.nullish(),
    goto: z.union([z.array(target), target.transform((one) => [one])]).nullish(),
    config: jsonObject.nullish(),
    metadata: jsonObject.nullish(),
  })
  .transform(({ interrupt_id, response, responses, ...rest }, context) => {
    const answers = responses ?? (interrupt_id === undefined ? [] : [{ interrupt_id, response }]);
    if (answers.length === 0)
      context.addIssue({ code: "custom", message: "expected interrupt_id, or responses" });
    return { ...rest, answers };
  });

/** `input.respond`: answers one interrupt of the thread, or several at once. */
export async function respond(ctx: Context, place: Place, raw: unknown): Promise<Json> {
  const { thread_id } = place;
  const { answers, update, goto, config, metadata } = respondParams.parse(raw);
  const thread = await findThread(ctx, thread_id);
  if (!thread) throw new ProtocolError("no_such_run", `Thread ${thread_id} has no run`);
  const waiting = waitsFor(thread);
  const unknown = answers.find(({ interrupt_id }) => !waiting.includes(interrupt_id));
  if (unknown)
    throw new ProtocolError(
      "no_such_interrupt",
      `Interrupt ${JSON.stringify(unknown.interrupt_id)} does not wait for an answer`,
    );
  const resume = Object.fromEntries(
    answers.map(({ interrupt_id, response }) => [interrupt_id, response ?? null]),
  );
  await startOnThread(ctx, place, {
    assistant_id: await assistantOf(ctx, thread),
    command: { resume, ...(update ? { update } : {}), ...(goto ? { goto } : {}) },
    config,
    metadata,
  });
  return {};
}

const injectParams = z.object({
  message: z.object({
    role: z.enum(["user", "system"]),
    content: z.string(),
    name: z.string().optional(),
  }),
});

/**
 * `input.inject`: a message for a thread that is at work. A step under way cannot be changed, so it
 * is the input of a run that follows at once.
 */
export async function inject(ctx: Context, place: Place, raw: unknown): Promise<Json> {
  const { thread_id } = place;
  const { message } = injectParams.parse(raw);
  const thread = await findThread(ctx, thread_id);
  if (thread?.status !== "busy")
    throw new ProtocolError("no_such_run", `Thread ${thread_id} has no active run; use run.start`);
  const { role, content, name } = message;
  return startOnThread(ctx, place, {
    assistant_id: await assistantOf(ctx, thread),
    input: { messages: [{ role, content, ...(name === undefined ? {} : { name }) }] },
  });
}

/** The assistant whose run was the last on a thread. */
export async function assistantOf(ctx: Context, { thread_id }: Thread): Promise<string> {
  const [run] = await ctx.storage.runs.list(thread_id, { limit: 1, offset: 0 });
  if (!run) throw new ProtocolError("no_such_run", `Thread ${thread_id} has no run`);
  return run.assistant_id;
}
