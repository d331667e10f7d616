import type { Context } from "../../context.ts";
import { derivedId } from "../../core/ids.ts";
import type { Json } from "../../core/json.ts";
import type { Feedback } from "../../domain/feedback.ts";
import type { PageOf } from "../../domain/page.ts";
import type { FeedbackQuery } from "../../storage/feedback-port.ts";
import { allowed } from "../access.ts";
import { readTicket } from "./tickets.ts";

export interface GivenFeedback {
  token: string;
  score?: number | undefined;
  value?: Json | undefined;
  comment?: string | undefined;
  correction?: Json | undefined;
}

/** Keeps what the bearer of a token says of its run, in place of what was said with it before. */
export async function giveFeedback(
  ctx: Context,
  { token, score, value, comment, correction }: GivenFeedback,
): Promise<Feedback> {
  const { run, key } = await readTicket(ctx, token);
  const now = ctx.clock.now();
  return ctx.storage.feedback.put({
    feedback_id: derivedId(`feedback:${run.run_id}:${key}`),
    run_id: run.run_id,
    thread_id: run.kwargs.temporary ? null : run.thread_id,
    key,
    score: score ?? null,
    value: value ?? null,
    comment: comment ?? null,
    correction: correction ?? null,
    metadata: run.metadata,
    created_at: now,
    updated_at: now,
  });
}

/** What was said of runs that the actor may see, newest first. */
export async function listFeedback(
  ctx: Context,
  query: Omit<FeedbackQuery, "access">,
): Promise<PageOf<Feedback>> {
  const access = await allowed(ctx, "feedback:search", { ...query });
  return ctx.storage.feedback.list({ ...query, access });
}
