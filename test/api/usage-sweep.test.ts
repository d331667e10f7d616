import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { human, newThread, okJson, runWait, threadOf } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, testServer } from "../support/test-server.ts";

const DAY_MS = 86_400_000;

interface UsageReport {
  rows: { thread: string | null }[];
  totals: object[];
}

it("what is old is swept: rows, sums of threads that are gone, spends of runs; totals stay", async () => {
  await using provider = await fake.fakeProvider(fake.text("hello"));
  using folder = tempFolder();
  const model = { model: "fake", url: provider.url, api_key: "k", pay_out: 10, currency: "CNY" };
  writeFileSync(join(folder.path, "paid.json"), JSON.stringify(model));
  const settings = { models_dir: folder.path, default_model: "paid", usage_retention_days: 2 };
  await using own = await testServer({ langgraph: OWN_GRAPHS, settings });
  const budget = { scope: "run", per: "run", currency: "CNY", amount: 1 };
  const { budget_id } = await okJson(own.post("/budgets", budget));
  const [kept, gone] = [await newThread(own), await newThread(own)];
  for (const thread of [kept, gone])
    await runWait(own, thread, {
      assistant_id: "chat",
      input: human("hi"),
      context: { tools: [] },
    });
  const byThread = (): Promise<UsageReport> => okJson(own.get("/usage?group_by=thread"));
  const spends = async () => (await okJson(own.get(`/budgets/${budget_id}`))).spends;
  const before = await byThread();
  expect(await spends()).toHaveLength(2);
  expect((await own.del(`/threads/${gone}`)).status).toBe(204);

  own.advance(4 * DAY_MS);
  await own.ctx.background.tick();
  const after = await byThread();
  expect(after.totals).toEqual(before.totals);
  expect(new Set(after.rows.map(({ thread }) => thread))).toEqual(new Set([kept, null]));
  expect((await threadOf(own, kept)).usage).toMatchObject({ calls: 1 });
  expect(await spends()).toEqual([]);
  expect(await own.ctx.storage.usage.calls({ filter: {}, limit: 10 })).toEqual([]);
});
