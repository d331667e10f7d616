import type { Context } from "../context.ts";
import { scarcestBudget } from "../services/budgets/remaining.ts";

/** An answer that also says what is left of the scarcest budget of whoever asked. */
export async function withBudget(ctx: Context, response: Response): Promise<Response> {
  const budget = await scarcestBudget(ctx);
  if (budget === undefined) return response;
  const { headers } = response;
  headers.set("x-budget-scope", budget.scope);
  headers.set("x-budget-period", budget.period);
  headers.set("x-budget-currency", budget.currency);
  headers.set("x-budget-limit-micros", String(budget.limit_micros));
  headers.set("x-budget-spent-micros", String(budget.spent_micros));
  headers.set("x-budget-remaining-micros", String(budget.remaining_micros));
  return response;
}
