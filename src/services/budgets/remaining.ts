import type { Context } from "../../context.ts";
import { periodOf, type BudgetScope } from "../../domain/budget.ts";
import { allowed } from "../access.ts";

/** What is left of one budget for whoever asks. */
export interface Remaining {
  scope: BudgetScope;
  subject: string;
  per: string;
  period: string;
  currency: string;
  limit_micros: number;
  spent_micros: number;
  held_micros: number;
  remaining_micros: number;
}

/** What the budgets of the actor's key and owner, and of the server, have left. */
export async function remainingBudgets(ctx: Context): Promise<Remaining[]> {
  await allowed(ctx, "usage:read");
  return remainingOfActor(ctx);
}

/** As `remainingBudgets`, the scarcest one; undefined where there is none. */
export async function scarcestBudget(ctx: Context): Promise<Remaining | undefined> {
  const share = ({ remaining_micros, limit_micros }: Remaining): number =>
    limit_micros === 0 ? 0 : remaining_micros / limit_micros;
  return (await remainingOfActor(ctx)).toSorted((a, b) => share(a) - share(b))[0];
}

async function remainingOfActor({ actor, storage, clock }: Context): Promise<Remaining[]> {
  const applying = await storage.budgets.applying({
    run_id: null,
    assistant_id: null,
    model_id: "",
    owner: actor.identity,
    key_id: actor.user?.key_id ?? "",
    currency: "",
  });
  const left: Remaining[] = [];
  for (const { budget_id, ...budget } of applying) {
    const period = periodOf(budget.per, clock.now(), null);
    if (period === undefined) continue;
    const { subject, limit_micros } = budget;
    const spend = await storage.budgets.spendOf({ budget_id, subject, period });
    const gone = spend.spent_micros + spend.held_micros;
    left.push({ ...budget, period, ...spend, remaining_micros: Math.max(0, limit_micros - gone) });
  }
  return left;
}
