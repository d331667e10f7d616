import { noContent } from "../no-content.ts";
import { z } from "zod";
import { budgetCreate, budgetJson, inMicros } from "../budget-schemas.ts";
import { deleteBudget, getBudget, listBudgets, setBudget } from "../../services/budgets/budgets.ts";
import { type Route, route } from "../route.ts";
import { uuid } from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { budget, budgetWithSpends } from "../answers/operations.ts";

const budgetParams = z.object({ budget_id: uuid });

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
    handle: async ({ ctx, body }) =>
      Response.json(budgetJson(await setBudget(ctx, inMicros(body)))),
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
