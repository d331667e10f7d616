import { expect, it } from "vitest";
import { human, newThread, okJson, runWait } from "../support/calls.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, testServer } from "../support/test-server.ts";

it("a server that starts again holds nothing of a budget for calls that died with it", async () => {
  using folder = tempFolder();
  const settings = { data_dir: folder.path };
  const body = { scope: "server", currency: "CNY", amount: 1 };
  let id: string;
  {
    await using server = await testServer({ settings });
    id = (await okJson(server.post("/budgets", body))).budget_id;
    const claim = {
      budget_id: id,
      scope: "server",
      subject: "",
      period: "total",
      per: "total",
      currency: "CNY",
      limit_micros: 1e6,
      rate_millionths: 1e6,
    } as const;
    const held = { call_id: "lost", holder: "dead", micros: 400_000, expires_at: 4e12 };
    expect(await server.ctx.storage.budgets.hold(held, [claim])).toBeUndefined();
    expect((await okJson(server.get(`/budgets/${id}`))).spends).toMatchObject([
      { held_micros: 400_000 },
    ]);
  }
  await using server = await testServer({ settings });
  expect((await okJson(server.get(`/budgets/${id}`))).spends).toEqual([
    { subject: "", period: "total", spent_micros: 0, held_micros: 0 },
  ]);
});

it("what was learnt of models' tokens outlives the server", async () => {
  using folder = tempFolder();
  const options = { langgraph: OWN_GRAPHS, settings: { data_dir: folder.path } };
  {
    await using server = await testServer(options);
    const input = human("the quick brown fox jumps over the lazy dog ".repeat(10));
    await runWait(server, await newThread(server), { assistant_id: "chat", input });
  }
  await using server = await testServer(options);
  expect(await server.ctx.storage.usage.tokenFactors()).toEqual([
    { model: expect.stringMatching(/^demo\//), factor_millionths: expect.any(Number) },
  ]);
});
