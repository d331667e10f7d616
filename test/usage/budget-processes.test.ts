import { expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { BudgetExceededError } from "../../src/core/errors.ts";
import { createLog } from "../../src/core/log.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { BudgetKeeper } from "../../src/usage/budget-keeper.ts";
import { Ledger } from "../../src/usage/ledger.ts";
import { describeWithPostgres, freshDatabase } from "../support/postgres.ts";
import { used } from "./used.ts";

/** One cent is left, a call may cost 0.4 of it and costs 0.3. */
const LIMIT = 10_000;
const MOST = 4000;
const COST = 3000;

const log = createLog("silent");

function ledgerOn(storage: Storage): Ledger {
  const { budgets } = storage;
  const keeper = new BudgetKeeper({ budgets, clock: systemClock, log, rates: new Map() });
  return new Ledger(storage.usage, { log, budgets: keeper });
}

/** Calls that all want to be made at once; answers how many were. */
async function spend(ledgers: readonly Ledger[], count: number): Promise<number> {
  const made = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const ledger = ledgers[index % ledgers.length];
      const call = used(`call-${index}`, { owner: "ann", costMicros: COST });
      try {
        await ledger?.hold({ ...call, micros: MOST, budget: undefined });
      } catch (error) {
        expect(error).toBeInstanceOf(BudgetExceededError);
        return 0;
      }
      await ledger?.record(call);
      return 1;
    }),
  );
  return made.reduce((sum: number, one) => sum + one, 0);
}

const BUDGET = {
  budget_id: "b",
  scope: "owner",
  subject: "*",
  per: "total",
  currency: "CNY",
  limit_micros: LIMIT,
  created_at: 0,
  updated_at: 0,
} as const;

/** What is spent and held once a hundred calls were wanted at once. */
async function afterRush(storages: readonly Storage[]) {
  const [first] = storages;
  await first?.budgets.put(BUDGET);
  const made = await spend(storages.map(ledgerOn), 100);
  const spends = await first?.budgets.spends("b");
  for (const storage of storages) await storage.close();
  return { made, spends };
}

const settled = (made: number) => [
  { subject: "ann", period: "total", spent_micros: made * COST, held_micros: 0 },
];

it("a hundred calls at once overspend nothing on SQLite", async () => {
  const { made, spends } = await afterRush([await openStorage({ dataDir: ":memory:" })]);
  expect(spends).toEqual(settled(made));
  expect([2, 3]).toContain(made);
});

describeWithPostgres("two processes", () => {
  it("overspend nothing with a hundred calls at once", async () => {
    await using database = await freshDatabase();
    const open = () => openStorage({ databaseUrl: database.url, maxConnections: 5 });
    const { made, spends } = await afterRush([await open(), await open()]);
    expect(spends).toEqual(settled(made));
    expect([2, 3]).toContain(made);
  });
});
