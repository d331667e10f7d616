import { z } from "zod";
import type { Context } from "../../context.ts";
import { MICROS } from "../../domain/price.ts";
import { dayOf } from "../../domain/usage.ts";
import { scarcestBudget } from "../../services/budgets/remaining.ts";
import { reportUsage } from "../../services/usage/report.ts";
import { type Route, route } from "../route.ts";
import { absent } from "../schemas.ts";
import { openAiError } from "./errors.ts";
import { billedUsage, subscription as subscriptionAnswer } from "../answers/openai.ts";

const CENTS = 100;

const day = absent(z.iso.date().transform((text) => dayOf(Date.parse(text))));
const period = z.object({ start_date: day, end_date: day });

/** The limit of the caller's scarcest budget, in its own currency whatever the field is called; 0 without one. */
async function subscription(ctx: Context): Promise<Response> {
  const budget = await scarcestBudget(ctx);
  const limit = (budget?.limit_micros ?? 0) / MICROS;
  return Response.json({
    object: "billing_subscription",
    has_payment_method: true,
    soft_limit_usd: limit,
    hard_limit_usd: limit,
    system_hard_limit_usd: limit,
    ...(budget ? { currency: budget.currency } : {}),
  });
}

/** What is gone of that budget in its period, in hundredths; without one, what the caller spent between two days. */
async function usage(ctx: Context, wanted: z.output<typeof period>): Promise<Response> {
  const { currency, micros } = (await ofBudget(ctx)) ?? (await ofDays(ctx, wanted));
  return Response.json({ object: "list", total_usage: (micros * CENTS) / MICROS, currency });
}

async function ofBudget(ctx: Context) {
  const budget = await scarcestBudget(ctx);
  return budget && { currency: budget.currency, micros: budget.spent_micros };
}

/** Unlike currencies cannot be added: the one that most was spent in counts. */
async function ofDays(ctx: Context, { start_date, end_date }: z.output<typeof period>) {
  const filter = { from_day: start_date, to_day: end_date };
  const { totals } = await reportUsage(ctx, { group_by: "day", filter, limit: 1, offset: 0 });
  const [most] = totals.toSorted((a, b) => (b.cost_micros ?? 0) - (a.cost_micros ?? 0));
  return { currency: most?.currency ?? undefined, micros: most?.cost_micros ?? 0 };
}

/** The old balance routes of OpenAI, which chat clients such as NextChat show the balance by. */
export const billingRoutes: Route[] = ["", "/v1"].flatMap((base) => [
  route({
    method: "get",
    path: `${base}/dashboard/billing/subscription`,
    summary: "The limit of the caller's scarcest budget, as OpenAI once told it",
    auth: "usage:read",
    onError: openAiError,
    response: subscriptionAnswer,
    handle: async ({ ctx }) => subscription(ctx),
  }),
  route({
    method: "get",
    path: `${base}/dashboard/billing/usage`,
    summary: "What the caller has spent, in hundredths, as OpenAI once told it",
    auth: "usage:read",
    query: period,
    onError: openAiError,
    response: billedUsage,
    handle: async ({ ctx, query }) => usage(ctx, query),
  }),
]);
