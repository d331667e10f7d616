import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runOf, runWait, threadOf } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import {
  type Api,
  apiOf,
  OWN_GRAPHS,
  START_MS,
  testServer,
  type TestServer,
} from "../support/test-server.ts";

/** 6 fresh, 5 cached and 7 answer tokens, of which 3 thinking. */
const COST = { cny: 6 * 2 + 5 * 1 + 7 * 10, usd: 6 * 1 + 5 * 1 + 4 * 4 + 3 * 8 };
const TOKENS = {
  prompt_tokens: 11,
  cached_tokens: 5,
  cache_write_tokens: 0,
  completion_tokens: 7,
  reasoning_tokens: 3,
  total_tokens: 18,
};
const DAY_MS = 86_400_000;

const folder = tempFolder();
let provider: fake.FakeProvider;
let server: TestServer;
let threads: string[];

const ask = (thread: string, model: string) =>
  runWait(server, thread, {
    assistant_id: "chat",
    input: human("hi"),
    context: { model, tools: [] },
  });

beforeAll(async () => {
  provider = await fake.fakeProvider(fake.text("hello"));
  const shared = { model: "fake", url: provider.url, api_key: "key-of-the-provider" };
  const files = {
    yuan: { ...shared, pay_in: 2, pay_out: 10, pay_cached: 1, currency: "CNY" },
    dollar: { ...shared, pay_in: 1, pay_out: 4, pay_think: 8, currency: "USD" },
    free: { ...shared, currency: "CNY" },
  };
  for (const [name, fields] of Object.entries(files))
    writeFileSync(join(folder.path, `${name}.json`), JSON.stringify(fields));
  server = await testServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "yuan" },
  });
  threads = [await newThread(server), await newThread(server)];
  const [first = "", second = ""] = threads;
  await ask(first, "yuan");
  await ask(first, "dollar");
  server.advance(DAY_MS);
  await ask(second, "yuan");
  await ask(second, "free");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const usage = (query: string) => okJson(server.get(`/usage?${query}`));

describe("what a run and a thread used", () => {
  it("is in the message that the model answered", async () => {
    const { messages } = await ask(await newThread(server), "dollar");
    expect(messages.at(-1)).toMatchObject({
      usage_metadata: { input_tokens: 11, output_tokens: 7 },
      response_metadata: {
        kagari: { model: "dollar", cost_micros: COST.usd, currency: "USD", estimated: false },
      },
    });
  });

  it("is in the replies of both, by currency", async () => {
    const [thread = ""] = threads;
    expect((await threadOf(server, thread)).usage).toEqual({
      ...doubled(TOKENS),
      calls: 2,
      estimated_calls: 0,
      unpriced_calls: 0,
      cost_micros: { CNY: COST.cny, USD: COST.usd },
    });
    const runs = await okJson(server.get(`/threads/${thread}/runs`));
    expect(runs.map((run: { usage: object }) => run.usage)).toMatchObject([
      { ...TOKENS, calls: 1, cost_micros: { USD: COST.usd } },
      { ...TOKENS, calls: 1, cost_micros: { CNY: COST.cny } },
    ]);
    const [{ run_id }] = runs;
    expect((await runOf(server, thread, run_id)).usage).toEqual(runs[0].usage);
    const found = await okJson(server.post("/threads/search", { ids: [thread] }));
    expect(found).toMatchObject([{ usage: { calls: 2 } }]);
  });

  it("tells calls without a price apart from free ones", async () => {
    const [, thread = ""] = threads;
    expect((await threadOf(server, thread)).usage).toMatchObject({
      calls: 2,
      unpriced_calls: 1,
      cost_micros: { CNY: COST.cny },
    });
  });
});

describe("GET /usage", () => {
  it("sums by model, each currency by itself", async () => {
    const to = new Date(START_MS).toISOString();
    expect(await usage(`group_by=model&to=${to}`)).toEqual({
      group_by: "model",
      rows: [
        { model: "yuan", ...sums("CNY", COST.cny) },
        { model: "dollar", ...sums("USD", COST.usd) },
      ],
      totals: [sums("CNY", COST.cny), sums("USD", COST.usd)],
    });
  });

  it("sums by day, newest first, and takes dates as bounds", async () => {
    const { rows } = await usage(`group_by=day&from=2026-01-01&to=2026-01-01`);
    expect(rows).toMatchObject([
      { day: "2026-01-01", currency: "CNY", calls: 1 },
      { day: "2026-01-01", currency: "USD", calls: 1 },
    ]);
    const later = await usage("from=2026-01-02&model=free");
    expect(later.rows).toMatchObject([
      { day: "2026-01-02", calls: 1, unpriced_calls: 1, cost_micros: 0 },
    ]);
  });

  it("sums by assistant and by thread, and filters by both", async () => {
    const [first = "", second = ""] = threads;
    const byThread = await usage(`group_by=thread&model=yuan`);
    expect(byThread.rows).toMatchObject([
      { thread: first, calls: 1 },
      { thread: second, calls: 1 },
    ]);
    const [{ assistant }] = (await usage(`group_by=assistant&thread=${first}`)).rows;
    const { totals } = await usage(`assistant=${assistant}&thread=${second}`);
    expect(totals).toMatchObject([{ currency: "CNY", calls: 2 }]);
    expect((await usage("thread=nobody")).totals).toEqual([]);
  });

  it.each(["group_by=user", "from=yesterday", "from=2026-02-01&to=2026-01-01", "limit=0"])(
    "refuses %s",
    async (query) => {
      const { code } = await refusal(server.get(`/usage?${query}`), 422);
      expect(code).toBe("validation");
    },
  );
});

describe("GET /usage/export", () => {
  const read = async (query: string) => {
    const response = await server.get(`/usage/export?${query}`);
    expect(response.status).toBe(200);
    return { type: response.headers.get("content-type"), text: await response.text() };
  };

  it("is a table with a head, oldest call first", async () => {
    const { type, text } = await read("before=2026-01-02");
    expect(type).toContain("text/csv");
    const lines = text.trimEnd().split("\r\n");
    const [head = "", ...rows] = lines;
    expect(head.split(",").slice(0, 2)).toEqual(["call_id", "started_at"]);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toContain(",yuan,fake,");
    expect(rows[0]).toMatch(new RegExp(`,11,5,0,7,3,1,false,${COST.cny},CNY$`));
  });

  it("is JSON lines with the provider's own usage", async () => {
    const { type, text } = await read("format=jsonl&model=dollar&before=2026-01-02");
    expect(type).toBe("application/x-ndjson");
    expect(JSON.parse(text)).toMatchObject({
      model_id: "dollar",
      started_at: new Date(START_MS).toISOString(),
      cost_micros: COST.usd,
      usage: { prompt_tokens: 11 },
    });
  });
});

describe("with keys", () => {
  const as = (secret: string) =>
    apiOf((path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("x-api-key", secret);
      return server.request(path, { ...init, headers });
    });

  it("everybody sees its own usage and budgets, and an administrator all", async () => {
    const operator = as(server.localSecret);
    const keyOf = async (body: object) => as((await okJson(operator.post("/keys", body))).secret);
    const ann = await keyOf({ name: "ann", budget: "1 CNY/day" });
    const bob = await keyOf({ name: "bob" });
    const body = {
      assistant_id: "chat",
      input: human("hi"),
      context: { model: "yuan", tools: [] },
    };
    await runWait(ann, await newThread(ann), body);
    const calls = async (api: Api, query = "") =>
      (await okJson(api.get(`/usage?model=yuan${query}`))).totals[0]?.calls ?? 0;
    expect(await calls(ann)).toBe(1);
    expect(await calls(bob)).toBe(0);
    expect(await calls(bob, "&owner=ann")).toBe(0);
    expect(await calls(operator, "&owner=ann")).toBe(1);
    expect(await calls(operator)).toBeGreaterThan(1);
    const exported = await ann.get("/usage/export").then((response) => response.text());
    expect(exported.trimEnd().split("\r\n")).toHaveLength(2);
    expect(await okJson(ann.get("/usage/budgets"))).toMatchObject([
      {
        scope: "key",
        per: "day",
        currency: "CNY",
        limit_micros: 1e6,
        spent_micros: COST.cny,
        held_micros: 0,
        remaining_micros: 1e6 - COST.cny,
      },
    ]);
    expect(await okJson(bob.get("/usage/budgets"))).toEqual([]);
    const ask = (api: Api) =>
      api.post("/v1/chat/completions", {
        model: "yuan",
        messages: [{ role: "user", content: "hi" }],
      });
    const { headers } = await ask(ann);
    const remaining = Number(headers.get("x-budget-remaining-micros"));
    expect(remaining).toBeLessThanOrEqual(1e6 - COST.cny);
    expect(remaining).toBeGreaterThan(9e5);
    expect(headers.get("x-budget-currency")).toBe("CNY");
    expect((await ask(bob)).headers.get("x-budget-limit-micros")).toBeNull();
    const balance = async (api: Api, base: string) => [
      (await okJson(api.get(`${base}/dashboard/billing/subscription`))).hard_limit_usd,
      (await okJson(api.get(`${base}/dashboard/billing/usage?start_date=2000-01-01`))).total_usage,
    ];
    const spent = expect.toSatisfy((cents) => cents >= COST.cny / 1e4 && cents < 10);
    expect(await balance(ann, "")).toEqual([1, spent]);
    await runWait(bob, await newThread(bob), body);
    expect(await balance(bob, "/v1")).toEqual([0, expect.toSatisfy((cents) => cents > 0)]);
    await refusal(ann.get("/budgets"), 403);
    expect(await okJson(operator.get("/budgets"))).toEqual([]);
  });
});

const doubled = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, 2 * count]));

const sums = (currency: string, cost_micros: number) => ({
  ...TOKENS,
  calls: 1,
  estimated_calls: 0,
  failed_calls: 0,
  unpriced_calls: 0,
  units: 1,
  currency,
  cost_micros,
});
