import { noContent } from "../no-content.ts";
import { isoTime } from "../../core/iso-time.ts";
import { z } from "zod";
import { BUDGET_PERIODS, BUDGET_SCOPES, type Budget } from "../../domain/budget.ts";
import { MICROS } from "../../domain/price.ts";
import { deleteBudget, getBudget, listBudgets, setBudget } from "../../services/budgets/budgets.ts";
import { type Route, route } from "../route.ts";
import { absent, uuid } from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { budget, budgetWithSpends } from "../answers/operations.ts";

const budgetParams = z.object({ budget_id: uuid });

const budgetCreate = z.object({
  scope: z.enum(BUDGET_SCOPES),
  subject: absent(z.string().min(1).max(200)),
  per: absent(z.enum(BUDGET_PERIODS)).transform((per) => per ?? "total"),
  currency: z.string().regex(/^[A-Z]{3}$/, "expected a code such as CNY or USD"),
  amount: z.number().nonnegative().max(1e9),
});

const budgetJson = ({ limit_micros, created_at, updated_at, ...budget }: Budget) => ({
  ...budget,
  amount: limit_micros / MICROS,
  limit_micros,
  created_at: isoTime(created_at),
  updated_at: isoTime(updated_at),
});

export const budgetRoutes: Route[] = [
  route({
    method: "get",
    path: "/budgets",
    summary: "All budgets",
    auth: "budgets:search",
    response: listOf(budget),
    handle: async ({ ctx }) => Response.json((await listBudgets(ctx)).map(budgetJson)),
  }),
  route({
    method: "post",
    path: "/budgets",
    summary:
      "Sets a budget, or the amount of the one of the same scope, subject, period and currency",
    auth: "budgets:create",
    body: budgetCreate,
    response: budget,
    handle: async ({ ctx, body: { amount, ...body } }) =>
      Response.json(
        budgetJson(await setBudget(ctx, { ...body, limit_micros: Math.round(amount * MICROS) })),
      ),
  }),
  route({
    method: "get",
    path: "/budgets/:budget_id",
    summary: "A budget and what has been spent of it",
    auth: "budgets:read",
    params: budgetParams,
    response: budgetWithSpends,
    handle: async ({ ctx, params }) => {
      const { budget, spends } = await getBudget(ctx, params);
      return Response.json({ ...budgetJson(budget), spends });
    },
  }),
  route({
    method: "delete",
    path: "/budgets/:budget_id",
    summary: "Lifts a budget",
    auth: "budgets:delete",
    params: budgetParams,
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteBudget(ctx, params);
      return noContent();
    },
  }),
];
