import type { Budget, BudgetClaim, BudgetShortage, BudgetSpend, Payer } from "../domain/budget.ts";

/** As in ports.ts: every method is one whole commit. What is held is settled when a call is recorded. */
export interface Budgets {
  list(): Promise<Budget[]>;
  find(budgetId: string): Promise<Budget | undefined>;
  /** Makes a budget, or replaces the one of the same scope, subject and period. */
  put(budget: Budget): Promise<Budget>;
  delete(budgetId: string): Promise<boolean>;
  /** Those that a payer's calls count against, its key's own among them. */
  applying(payer: Payer): Promise<Omit<Budget, "created_at" | "updated_at">[]>;
  spendOf(claim: Pick<BudgetClaim, "budget_id" | "subject" | "period">): Promise<BudgetSpend>;
  /** All that has been spent of a budget, the newest period first. */
  spends(budgetId: string): Promise<(BudgetSpend & { subject: string; period: string })[]>;
  /** Holds an amount of every claim until the call is recorded; nothing where one of them has not enough left. */
  hold(
    call: { call_id: string; holder: string; micros: number; expires_at: number },
    claims: readonly BudgetClaim[],
  ): Promise<BudgetShortage | undefined>;
  /** What a process holds is its own for longer. */
  renew(holder: string, expiresAt: number): Promise<void>;
  /** Gives free what is held longer than a process that lives would. Answers how many. */
  release(now: number): Promise<number>;
  /** Deletes what runs have spent that ended before a time, or are gone, and hold nothing. Answers how many. */
  sweepRuns(endedBefore: number, limit: number): Promise<number>;
}
