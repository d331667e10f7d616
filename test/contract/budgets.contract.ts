import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/api-key.ts";
import type { Budget, BudgetClaim, Payer } from "../../src/domain/budget.ts";
import { accept, sampleCall, start, success } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const budget = (budget_id: string, change: Partial<Budget> = {}): Budget => ({
  budget_id,
  scope: "owner",
  subject: "ann",
  per: "total",
  currency: "CNY",
  limit_micros: 100,
  created_at: 1,
  updated_at: 1,
  ...change,
});

const sampleKey = (key_id: string, limit: ApiKey["budget"]): ApiKey => ({
  key_id,
  name: key_id,
  owner: "ann",
  is_admin: false,
  prefix: "kg_",
  last4: "1234",
  models: null,
  graphs: null,
  routes: null,
  requests_per_minute: null,
  tokens_per_minute: null,
  concurrency: null,
  budget: limit,
  expires_at: null,
  created_at: 1,
  rotated_at: null,
  revoked_at: null,
  last_used_at: null,
});

const claim = (budget_id: string, change: Partial<BudgetClaim> = {}): BudgetClaim => ({
  budget_id,
  scope: "owner",
  subject: "ann",
  period: "total",
  per: "total",
  currency: "CNY",
  limit_micros: 100,
  rate_millionths: 1_000_000,
  ...change,
});

const payer = (change: Partial<Payer> = {}): Payer => ({
  run_id: "run",
  assistant_id: "assistant",
  owner: "ann",
  key_id: "",
  model_id: "m",
  currency: "CNY",
  ...change,
});

const held = (call_id: string, micros: number, change = {}) => ({
  call_id,
  holder: "process",
  micros,
  expires_at: 1000,
  ...change,
});

export function budgetsContract(subject: Subject): void {
  describe("budgets", () => {
    it("are set, changed in place and lifted", async () => {
      const { budgets } = subject();
      await budgets.put(budget("a"));
      const changed = await budgets.put(budget("b", { limit_micros: 7, updated_at: 9 }));
      expect(changed).toEqual(budget("a", { limit_micros: 7, updated_at: 9 }));
      await budgets.put(budget("c", { per: "day" }));
      expect((await budgets.list()).map(({ budget_id }) => budget_id)).toEqual(["a", "c"]);
      expect(await budgets.delete("a")).toBe(true);
      expect(await budgets.delete("a")).toBe(false);
      expect(await budgets.find("a")).toBeUndefined();
    });

    it("apply to whom they name and to each of a kind, with the payer as the subject", async () => {
      const { budgets } = subject();
      await budgets.put(budget("ann"));
      await budgets.put(budget("bob", { subject: "bob" }));
      await budgets.put(budget("each", { subject: "*", per: "day" }));
      await budgets.put(budget("all", { scope: "server", subject: "" }));
      await budgets.put(budget("model", { scope: "model", subject: "m" }));
      await budgets.put(budget("runs", { scope: "run", subject: "*", per: "run" }));
      const applying = async (change: Partial<Payer>) =>
        (await budgets.applying(payer(change)))
          .map((found) => `${found.budget_id}:${found.subject}`)
          .toSorted();
      expect(await applying({})).toEqual(["all:", "ann:ann", "each:ann", "model:m", "runs:run"]);
      expect(await applying({ owner: "", run_id: null, model_id: "x" })).toEqual(["all:"]);
    });

    it("apply to a key that was given one", async () => {
      const { budgets, apiKeys } = subject();
      await apiKeys.create(sampleKey("k", { amount_micros: 5, currency: "USD", per: "day" }), "h");
      await apiKeys.create(sampleKey("free", null), "i");
      expect(await budgets.applying(payer({ key_id: "free" }))).toEqual([]);
      expect(await budgets.applying(payer({ key_id: "k" }))).toEqual([
        {
          budget_id: "key k",
          scope: "key",
          subject: "k",
          per: "day",
          currency: "USD",
          limit_micros: 5,
        },
      ]);
    });

    it("change the amount that a key was given, and not what is spent of it", async () => {
      const { budgets, apiKeys } = subject();
      await apiKeys.create(sampleKey("k", { amount_micros: 5, currency: "USD", per: "day" }), "h");
      const raised = { scope: "key", subject: "k", per: "day", currency: "USD" } as const;
      await budgets.put(budget("raised", { ...raised, limit_micros: 9 }));
      await budgets.put(budget("other", { ...raised, per: "total", limit_micros: 50 }));
      await budgets.put(budget("each", { ...raised, subject: "*", limit_micros: 70 }));
      const found = await budgets.applying(payer({ key_id: "k" }));
      expect(
        found.map(({ budget_id, limit_micros }) => `${budget_id}: ${limit_micros}`).toSorted(),
      ).toEqual(["each: 70", "key k: 9", "other: 50"]);
    });

    it("hold what they have left and no more, all of a call's or none", async () => {
      const { budgets } = subject();
      const claims = [claim("a"), claim("b", { limit_micros: 50 })];
      expect(await budgets.hold(held("1", 50), claims)).toBeUndefined();
      expect(await budgets.hold(held("2", 1), claims)).toEqual({
        ...claim("b", { limit_micros: 50 }),
        spent_micros: 0,
        held_micros: 50,
        needed_micros: 1,
      });
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 0, held_micros: 50 });
      expect(await budgets.hold(held("3", 50), [claim("a")])).toBeUndefined();
    });

    it("let as many of a hundred calls at once through as they can pay", async () => {
      const { budgets } = subject();
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          budgets.hold(held(String(index), 30), [claim("a"), claim("z", { limit_micros: 1e6 })]),
        ),
      );
      expect(results.filter((shortage) => shortage === undefined)).toHaveLength(3);
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 0, held_micros: 90 });
      expect(await budgets.spendOf(claim("z"))).toEqual({ spent_micros: 0, held_micros: 90 });
    });

    it("take what a call cost once it is recorded, in their own currency, once", async () => {
      const { budgets, usage } = subject();
      const claims = [claim("a"), claim("usd", { rate_millionths: 140_000, currency: "USD" })];
      await budgets.hold(held("call", 50), claims);
      const call = sampleCall("call", { cost_micros: 12 });
      await usage.record([call]);
      await usage.record([call]);
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 12, held_micros: 0 });
      expect(await budgets.spendOf(claim("usd"))).toEqual({ spent_micros: 2, held_micros: 0 });
      expect(await budgets.spends("a")).toEqual([
        { subject: "ann", period: "total", spent_micros: 12, held_micros: 0 },
      ]);
    });

    it("apply from the moment they are set, changed or lifted, those of keys too", async () => {
      const { budgets, apiKeys } = subject();
      const applying = async () =>
        (await budgets.applying(payer({ key_id: "k" }))).map((one) => [
          one.scope,
          one.limit_micros,
        ]);
      expect(await applying()).toEqual([]);
      await apiKeys.create(sampleKey("k", { amount_micros: 5, currency: "CNY", per: "day" }), "h");
      expect(await applying()).toEqual([["key", 5]]);
      await budgets.put(budget("a"));
      expect(await applying()).toEqual([
        ["key", 5],
        ["owner", 100],
      ]);
      await budgets.put(budget("k", { scope: "key", subject: "k", per: "day", limit_micros: 9 }));
      await budgets.put(budget("a", { limit_micros: 7 }));
      expect(await applying()).toEqual([
        ["key", 9],
        ["owner", 7],
      ]);
      await budgets.delete("k");
      await budgets.delete("a");
      expect(await applying()).toEqual([["key", 5]]);
      await apiKeys.revoke("k", 2);
      await apiKeys.delete("k");
      expect(await applying()).toEqual([]);
    });

    it("forget what runs spent that ended long ago, and nothing else", async () => {
      const storage = subject();
      const { budgets } = storage;
      const ofRun = (id: string) => claim("a", { per: "run", period: `run ${id}` });
      for (const id of ["gone", "ended", "late", "waiting"]) {
        await budgets.hold(held(`call of ${id}`, 20), [ofRun(id)]);
        await storage.usage.record([sampleCall(`call of ${id}`)]);
      }
      await budgets.hold(held("under way", 20), [ofRun("holding")]);
      await budgets.hold(held("of a day", 20), [claim("a", { per: "day", period: "2026-01-01" })]);
      await storage.usage.record([sampleCall("of a day")]);
      for (const [id, now] of [
        ["ended", 99],
        ["late", 100],
      ] as const) {
        const { fence } = await start(storage, id, { thread_id: id });
        await storage.runs.finish(fence, { outcome: success, events: [], now });
      }
      await accept(storage, "waiting", { thread_id: "waiting" });

      expect(await budgets.sweepRuns(100, 1)).toBe(1);
      expect(await budgets.sweepRuns(100, 10)).toBe(1);
      expect(await budgets.sweepRuns(100, 10)).toBe(0);
      const left = (await budgets.spends("a")).map(({ period }) => period);
      expect(left).toEqual(["run waiting", "run late", "run holding", "2026-01-01"]);
    });

    it("take what is assumed of a call without a price", async () => {
      const { budgets, usage } = subject();
      await budgets.hold(held("call", 100), [claim("a")]);
      await usage.record([
        sampleCall("call", { cost_micros: null, prompt_tokens: 3, completion_tokens: 4 }),
      ]);
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 70, held_micros: 0 });
    });

    it("are free of what a dead process held, and still charged for a call that is told of later", async () => {
      const { budgets, usage } = subject();
      await budgets.hold(held("dead", 60), [claim("a")]);
      await budgets.hold(held("alive", 40, { holder: "other" }), [claim("a")]);
      await budgets.renew("other", 2000);
      expect(await budgets.release(999)).toBe(0);
      expect(await budgets.release(1000)).toBe(1);
      expect(await budgets.release(1000)).toBe(0);
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 0, held_micros: 40 });
      await usage.record([sampleCall("dead", { cost_micros: 5 })]);
      expect(await budgets.spendOf(claim("a"))).toEqual({ spent_micros: 5, held_micros: 40 });
    });
  });
}
