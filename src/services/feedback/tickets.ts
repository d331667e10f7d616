import { randomBytes, timingSafeEqual } from "node:crypto";
import { NotFoundError } from "../../core/errors.ts";
import type { Context } from "../../context.ts";
import type { FeedbackTickets } from "../../domain/feedback.ts";
import type { Run } from "../../domain/run.ts";
import { addressBase } from "../address.ts";

const SECRET = /^[\w-]{32}$/;

/** A token for each key of a new run; it names the run, and cannot be guessed. */
export function feedbackTickets(
  ctx: Pick<Context, "settings" | "langgraph">,
  asked: { run_id: string; keys: readonly string[]; origin: string },
): FeedbackTickets {
  const token = () => `${asked.run_id}.${randomBytes(24).toString("base64url")}`;
  return {
    base: `${addressBase(ctx, asked.origin)}/feedback/tokens/`,
    tokens: Object.fromEntries(asked.keys.map((key) => [key, token()])),
  };
}

/** The run and the key that a token is for. */
export async function readTicket(ctx: Context, token: string): Promise<{ run: Run; key: string }> {
  const [runId = "", secret = ""] = token.split(".");
  const run = SECRET.test(secret) ? await ctx.storage.runs.find(runId) : undefined;
  const tokens = Object.entries(run?.kwargs.feedback?.tokens ?? {});
  const [key] = tokens.find(([, known]) => isSame(known, token)) ?? [];
  if (run === undefined || key === undefined)
    throw new NotFoundError("Feedback token", `of ${runId}`);
  return { run, key };
}

const isSame = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};
