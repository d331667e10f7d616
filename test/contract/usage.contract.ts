import { describe, expect, it } from "vitest";
import type { ModelCall, UsageSums } from "../../src/domain/usage.ts";
import { accept, sampleCall } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const DAY_MS = 86_400_000;
const PAGE = { limit: 1000, offset: 0 };

export function usageContract(subject: Subject): void {
  describe("usage", () => {
    it("keeps every field and answers a run's calls in order", async () => {
      const { usage } = subject();
      const later = sampleCall("later", { started_at: 2, estimated: false, usage: null });
      const earlier = sampleCall("earlier", { cost_micros: null, answered_by: null });
      await usage.record([later]);
      await usage.record([
        earlier,
        sampleCall("other", { run_id: "other" }),
        sampleCall("none", { run_id: null, thread_id: null }),
      ]);
      expect(await usage.ofRun("run")).toEqual([earlier, later]);
    });

    it("counts a call once, however often it comes", async () => {
      const { usage } = subject();
      await usage.record([sampleCall("a")]);
      await usage.record([sampleCall("a"), sampleCall("b"), sampleCall("b")]);
      await Promise.all([usage.record([sampleCall("b")]), usage.record([sampleCall("a")])]);
      const { totals } = await usage.report({ group_by: "day", filter: {}, ...PAGE });
      expect(totals).toMatchObject([{ calls: 2, cost_micros: 24, prompt_tokens: 6 }]);
      expect((await usage.ofRuns(["run"])).get("run")).toEqual(totals);
    });

    it("has sums that equal the rows to the millionth, whatever the groups and filters", async () => {
      const { usage } = subject();
      const calls = manyCalls(400);
      // In batches that overlap and run at once, as those of several processes do.
      await Promise.all(
        batches(calls, 37).map((batch, index) =>
          usage.record(index === 0 ? batch : [...batch, ...calls.slice(0, 5)]),
        ),
      );
      for (const [group_by, groupOf] of GROUPS) {
        for (const filter of FILTERS) {
          const wanted = calls.filter(matching(filter));
          const report = await usage.report({ group_by, filter, ...PAGE });
          expect(sorted(report.rows)).toEqual(sorted(expectedSums(wanted, groupOf)));
          expect(report.totals).toEqual(totalOf(wanted));
        }
      }
    });

    it("answers the sums of each run and thread", async () => {
      const { usage } = subject();
      const calls = manyCalls(60);
      await usage.record(calls);
      const runs = await usage.ofRuns(["run-0", "run-1", "nobody"]);
      const threads = await usage.ofThreads(["thread-0", "nobody"]);
      expect([...runs.keys()]).toEqual(["run-0", "run-1"]);
      for (const [id, sums] of runs)
        expect(sums).toEqual(totalOf(calls.filter(({ run_id }) => run_id === id)));
      expect([...threads.values()]).toEqual([
        totalOf(calls.filter(({ thread_id }) => thread_id === "thread-0")),
      ]);
      expect(await usage.ofRuns([])).toEqual(new Map());
    });

    it("lists the newest days first, the dearest models first, and pages of them", async () => {
      const { usage } = subject();
      await usage.record([
        sampleCall("a", { model_id: "cheap", cost_micros: 1, started_at: 0 }),
        sampleCall("b", { model_id: "dear", cost_micros: 9, started_at: DAY_MS }),
      ]);
      const groups = async (group_by: "day" | "model", page: Partial<typeof PAGE> = {}) =>
        (await usage.report({ group_by, filter: {}, ...PAGE, ...page })).rows.map(
          ({ group }) => group,
        );
      expect(await groups("day")).toEqual(["1970-01-02", "1970-01-01"]);
      expect(await groups("model")).toEqual(["dear", "cheap"]);
      expect(await groups("model", { limit: 1, offset: 1 })).toEqual(["cheap"]);
    });

    it("keeps what was learnt of models' tokens, the newest of each", async () => {
      const { usage } = subject();
      expect(await usage.tokenFactors()).toEqual([]);
      await usage.keepFactors([
        { model: "b/x", factor_millionths: 1 },
        { model: "a/x", factor_millionths: 1_150_000 },
      ]);
      await usage.keepFactors([{ model: "b/x", factor_millionths: 2 }]);
      const factors = await usage.tokenFactors();
      expect(factors.toSorted((a, b) => a.model.localeCompare(b.model))).toEqual([
        { model: "a/x", factor_millionths: 1_150_000 },
        { model: "b/x", factor_millionths: 2 },
      ]);
    });

    it("lists calls in the order in which they began, page by page, by filter", async () => {
      const { usage } = subject();
      const calls = manyCalls(90);
      await usage.record(calls);
      const inOrder = calls.toSorted(
        (a, b) => a.started_at - b.started_at || (a.call_id < b.call_id ? -1 : 1),
      );
      const filter = { from: DAY_MS, before: 4 * DAY_MS, owner: "ann" };
      const wanted = inOrder.filter(
        ({ started_at, owner }) =>
          started_at >= filter.from && started_at < filter.before && owner === "ann",
      );
      expect(wanted.length).toBeGreaterThan(2);
      const first = await usage.calls({ filter, limit: 2 });
      const rest = await usage.calls({ filter, after: first.at(-1), limit: 100 });
      expect([...first, ...rest]).toEqual(wanted);
      expect(await usage.calls({ filter: {}, limit: 100 })).toEqual(inOrder);
    });

    it("deletes old calls and keeps their sums", async () => {
      const { usage } = subject();
      const calls = manyCalls(30);
      await usage.record(calls);
      const query = { group_by: "model" as const, filter: {}, ...PAGE };
      const before = await usage.report(query);
      const old = calls.filter(({ started_at }) => started_at < 2 * DAY_MS).length;
      expect(await usage.sweep(2 * DAY_MS, 3)).toBe(3);
      expect(await usage.sweep(2 * DAY_MS, 100)).toBe(old - 3);
      expect(await usage.calls({ filter: {}, limit: 100 })).toHaveLength(30 - old);
      expect(await usage.report(query)).toEqual(before);
    });

    it("folds old sums of threads that are gone into those of no thread, and keeps all totals", async () => {
      const storage = subject();
      const { usage } = storage;
      // `thread-0` is there, the others are not.
      await accept(storage, "run-0", { thread_id: "thread-0" });
      const calls = manyCalls(120);
      await usage.record(calls);
      const reports = () =>
        Promise.all(
          (["model", "day", "assistant"] as const).map((group_by) =>
            usage.report({ group_by, filter: {}, ...PAGE }),
          ),
        );
      const byThread = () => usage.report({ group_by: "thread", filter: {}, ...PAGE });
      const before = [await reports(), (await byThread()).totals];
      const [folded, rest] = [await usage.foldThreads(3, 2), await usage.foldThreads(3, 1000)];
      expect(folded).toBe(2);
      expect(rest).toBeGreaterThan(2);
      expect(await usage.foldThreads(3, 1000)).toBe(0);
      expect([await reports(), (await byThread()).totals]).toEqual(before);
      const isFolded = ({ thread_id, started_at }: ModelCall) =>
        thread_id !== "thread-0" && started_at < 3 * DAY_MS;
      expect(sorted((await byThread()).rows)).toEqual(
        sorted(expectedSums(calls, (call) => (isFolded(call) ? null : call.thread_id))),
      );
    });

    it("of a run goes with it, and stays in the sums of its thread and day", async () => {
      const storage = subject();
      await accept(storage, "run");
      await storage.usage.record([sampleCall("a")]);
      expect(await storage.runs.delete("run", 5)).toBe(true);
      expect(await storage.usage.ofRuns(["run"])).toEqual(new Map());
      expect((await storage.usage.ofThreads(["thread"])).get("thread")).toMatchObject([
        { calls: 1, cost_micros: 12 },
      ]);
    });

    it("is emptied with the runs", async () => {
      const storage = subject();
      await storage.usage.record([sampleCall("a")]);
      await storage.truncate({ runs: true });
      const { totals } = await storage.usage.report({ group_by: "thread", filter: {}, ...PAGE });
      expect(totals).toEqual([]);
      expect(await storage.usage.ofRuns(["run"])).toEqual(new Map());
    });
  });
}

/** Calls of all sorts; the same every time. */
function manyCalls(count: number): ModelCall[] {
  let state = 42;
  const below = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
  return Array.from({ length: count }, (_, index) =>
    sampleCall(`call-${index}`, {
      kind: below(4) === 0 ? "embedding" : "chat",
      model_id: `model-${below(3)}`,
      run_id: below(5) === 0 ? null : `run-${below(7)}`,
      thread_id: below(6) === 0 ? null : `thread-${below(5)}`,
      assistant_id: below(4) === 0 ? null : `assistant-${below(2)}`,
      owner: ["", "ann", "bob"][below(3)] ?? "",
      key_id: below(2) === 0 ? "" : `key-${below(2)}`,
      prompt_tokens: below(1e6),
      cached_tokens: below(1000),
      cache_write_tokens: below(100),
      completion_tokens: below(1e5),
      reasoning_tokens: below(1000),
      units: 1 + below(20),
      cost_micros: below(5) === 0 ? null : below(1e12),
      currency: below(3) === 0 ? "USD" : "CNY",
      estimated: below(3) === 0,
      status: (["success", "error", "cancelled"] as const)[below(3)] ?? "success",
      started_at: below(5) * DAY_MS + below(DAY_MS),
    }),
  );
}

function batches(calls: ModelCall[], size: number): ModelCall[][] {
  const parts: ModelCall[][] = [];
  for (let start = 0; start < calls.length; start += size)
    parts.push(calls.slice(start, start + size));
  return parts;
}

type GroupOf = (call: ModelCall) => string | null;

const GROUPS: [group_by: "model" | "assistant" | "thread" | "day", of: GroupOf][] = [
  ["model", (call) => call.model_id],
  ["assistant", (call) => call.assistant_id],
  ["thread", (call) => call.thread_id],
  ["day", (call) => new Date(call.started_at).toISOString().slice(0, 10)],
];

const FILTERS = [
  {},
  { from_day: 1, to_day: 3 },
  { owner: "ann", from_day: 2 },
  { model_id: "model-1", assistant_id: "assistant-0" },
  { thread_id: "thread-2", to_day: 2 },
];

const matching =
  (filter: Partial<Record<string, string | number>>) =>
  (call: ModelCall): boolean => {
    const day = Math.floor(call.started_at / DAY_MS);
    const { from_day = 0, to_day = 99, ...same } = filter;
    const isInTime = day >= Number(from_day) && day <= Number(to_day);
    return (
      isInTime && Object.entries(same).every(([name, value]) => Reflect.get(call, name) === value)
    );
  };

type GroupSums = UsageSums & { group: string | null };

/** What the sums must be, by adding the rows up. */
function expectedSums(calls: ModelCall[], groupOf: GroupOf): GroupSums[] {
  const groups = new Map<string, ModelCall[]>();
  for (const call of calls) {
    const name = JSON.stringify([call.currency, groupOf(call)]);
    groups.set(name, [...(groups.get(name) ?? []), call]);
  }
  return [...groups.values()].map((members) => {
    const sum = (value: (call: ModelCall) => number) =>
      Number(members.reduce((total, call) => total + BigInt(value(call)), 0n));
    return {
      group: members[0] ? groupOf(members[0]) : null,
      currency: members[0]?.currency ?? "",
      calls: members.length,
      estimated_calls: sum((call) => (call.estimated ? 1 : 0)),
      failed_calls: sum((call) => (call.status === "success" ? 0 : 1)),
      unpriced_calls: sum((call) => (call.cost_micros === null ? 1 : 0)),
      prompt_tokens: sum((call) => call.prompt_tokens),
      cached_tokens: sum((call) => call.cached_tokens),
      cache_write_tokens: sum((call) => call.cache_write_tokens),
      completion_tokens: sum((call) => call.completion_tokens),
      reasoning_tokens: sum((call) => call.reasoning_tokens),
      units: sum((call) => call.units),
      cost_micros: sum((call) => call.cost_micros ?? 0),
    };
  });
}

const sorted = (sums: GroupSums[]): GroupSums[] =>
  sums.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const totalOf = (calls: ModelCall[]): UsageSums[] =>
  sorted(expectedSums(calls, () => null))
    .map(({ group: _group, ...sums }) => sums)
    .toSorted((a, b) => a.currency.localeCompare(b.currency));
