import type { Context } from "../../context.ts";
import { AppError, NotFoundError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { EACH, type Budget, type BudgetSpend } from "../../domain/budget.ts";
import { allowed } from "../access.ts";

type Spend = BudgetSpend & { subject: string; period: string };

export async function listBudgets(ctx: Context): Promise<Budget[]> {
  await allowed(ctx, "budgets:search");
  return ctx.storage.budgets.list();
}

/** A budget with what has been spent of it, the newest time first. */
export async function getBudget(
  ctx: Context,
  { budget_id }: { budget_id: string },
): Promise<{ budget: Budget; spends: Spend[] }> {
  await allowed(ctx, "budgets:read", { budget_id });
  const budget = await ctx.storage.budgets.find(budget_id);
  if (!budget) throw new NotFoundError("Budget", budget_id);
  return { budget, spends: await ctx.storage.budgets.spends(budget_id) };
}

export type SetBudget = Pick<Budget, "scope" | "per" | "currency" | "limit_micros"> & {
  subject?: string | undefined;
};

/** Sets a budget, or changes the amount of the one that is there for the same subject and time. */
export async function setBudget(ctx: Context, input: SetBudget): Promise<Budget> {
  await allowed(ctx, "budgets:create", { ...input });
  return putBudget(ctx, input);
}

/** The same by whoever owns the database. */
export function putBudget(
  { storage, clock }: Pick<Context, "storage" | "clock">,
  input: SetBudget,
): Promise<Budget> {
  const { scope, per, currency, limit_micros } = input;
  const isServer = scope === "server";
  if (isServer && input.subject !== undefined)
    throw new AppError("validation", "body.subject: the budget of the server has none");
  const subject = isServer ? "" : (input.subject ?? EACH);
  const now = clock.now();
  return storage.budgets.put({
    budget_id: newId(),
    scope,
    subject,
    per,
    currency,
    limit_micros,
    created_at: now,
    updated_at: now,
  });
}

export async function deleteBudget(
  ctx: Context,
  { budget_id }: { budget_id: string },
): Promise<void> {
  await allowed(ctx, "budgets:delete", { budget_id });
  if (!(await ctx.storage.budgets.delete(budget_id))) throw new NotFoundError("Budget", budget_id);
}
