import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { parseRates } from "../domain/budget.ts";
import type { Storage } from "../storage/ports.ts";
import { BudgetKeeper } from "./budget-keeper.ts";
import { Ledger } from "./ledger.ts";

/** The ledger of a server, with its budgets. */
export function openLedger({
  storage: { usage, budgets },
  settings,
  clock,
  log,
}: {
  storage: Pick<Storage, "usage" | "budgets">;
  settings: Settings;
  clock: Clock;
  log: Log;
}): Ledger {
  const rates = parseRates(settings.exchange_rates);
  return new Ledger(usage, { log, budgets: new BudgetKeeper({ budgets, clock, log, rates }) });
}
