import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InMemoryStore, MemorySaver } from "@langchain/langgraph";
import { afterEach, describe, expect, it } from "vitest";
import { graph } from "../../graphs/research.ts";
import { okJson, type Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "../models/support.ts";
import {
  answering,
  DOCUMENTS,
  FIELDS,
  INPUT,
  partsOf,
  PLAN,
  QUESTION,
} from "./research-answers.ts";
import { inScript, partial, served } from "./support.ts";

afterEach(() => {
  Reflect.deleteProperty(graph, "store");
  Reflect.deleteProperty(graph, "checkpointer");
});

describe("graphs/research", () => {
  it("reports what documents say, with one numbering of sources, none of them made up", async () => {
    await using provider = await fake.fakeProvider(answering());
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", ...FIELDS } });
    const { report, sources, plan } = await graph.invoke(INPUT);
    expect(plan).toEqual(PLAN);
    expect(sources?.map(({ number, title, text }) => [number, title, text])).toEqual([
      [1, "lamps.md", "Lamps cost 5 yuan."],
      [2, "lamps.md", "Chairs cost 40 yuan."],
      [3, "灯.md", "台灯有蓝色和红色。"],
    ]);
    expect(JSON.stringify(provider.lastBody["messages"])).toContain("蓝色和红色 [3]，也许 [?]");
    expect(report).toBe("5 yuan [1], blue and red [2], green [?].");
  });

  it("searches the store too", async () => {
    await using provider = await fake.fakeProvider(answering());
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", ...FIELDS } });
    const store = new InMemoryStore();
    await store.put(["shop"], "prices", { text: "Lamps are 6 yuan." });
    graph.store = store;
    const context = partial({ namespace: ["shop"] });
    const { sources } = await graph.invoke({ question: QUESTION }, { context });
    expect(sources).toEqual([{ number: 1, title: "prices", text: "Lamps are 6 yuan." }]);
  });

  it("searches a collection of documents", async () => {
    const embedding = { model_type: "embedding", server_type: "demo", model: "d", pay_in: 0 };
    await using s = await served([answering()], FIELDS, (folder) =>
      writeFileSync(join(folder, "demo-embedding.json"), JSON.stringify(embedding)),
    );
    const document = { source: "prices.md", text: "What lamps cost: 5 yuan." };
    await okJson(s.server.put("/knowledge/shop/documents", document));
    const state: Loose = await s.client.runs.wait(null, "research", {
      input: { question: QUESTION },
      context: partial({ collection: "shop" }),
    });
    expect(state.sources).toEqual([{ number: 1, title: "prices.md", text: document.text }]);
  });

  it("says that nothing was found and asks no model for a report", async () => {
    await using provider = await fake.fakeProvider(answering());
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", ...FIELDS } });
    const { report, sources } = await graph.invoke({ question: QUESTION });
    expect([report, sources]).toEqual(["research-nothing", []]);
    expect(partsOf(provider)).toEqual(["plan"]);
  });

  it("begins anew with each question of a thread", async () => {
    await using provider = await fake.fakeProvider(answering());
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", ...FIELDS } });
    graph.checkpointer = new MemorySaver();
    const config = { configurable: { thread_id: "t" } };
    await graph.invoke(INPUT, config);
    const { findings } = await graph.invoke({ messages: [["user", "again?"]] }, config);
    expect(findings).toHaveLength(2);
  });

  it("keeps to max_steps", async () => {
    await using provider = await fake.fakeProvider(answering());
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", ...FIELDS } });
    const { findings } = await graph.invoke(INPUT, { context: partial({ max_steps: 1 }) });
    expect(findings.map(({ step }) => step)).toEqual([PLAN[0]]);
  });

  it("goes on after a failed step without repeating what is finished", async () => {
    const broken: { colour?: fake.Answer } = {
      colour: fake.json({ error: { message: "no" } }, { status: 400 }),
    };
    await using s = await served(
      [(response, request) => answering(broken)(response, request)],
      FIELDS,
    );
    const { threads, runs } = s.client;
    const { thread_id } = await threads.create();
    await expect(runs.wait(thread_id, "research", { input: INPUT })).rejects.toThrow("400");
    delete broken.colour;
    const { report }: Loose = await runs.wait(thread_id, "research", { input: null });
    expect(report).toContain("5 yuan [1]");
    const asked = partsOf(s.provider);
    expect(asked.filter((part) => part === "plan")).toHaveLength(1);
    expect(asked.filter((part) => part === "cost")).toHaveLength(1);
    expect(asked.filter((part) => part === "colour")).toHaveLength(2);
  });

  it("tells its progress over the official client on the demo model, and runs in a plain script", async () => {
    await using s = await served();
    const input = { question: "what do lamps cost", documents: DOCUMENTS };
    const told: Loose[] = [];
    for await (const { event, data } of s.client.runs.stream(null, "research", {
      input,
      streamMode: ["custom"],
    }))
      if (event === "custom") told.push(data);
    expect(told.map(({ stage, status }) => [stage, status].filter(Boolean).join(" "))).toEqual([
      "plan",
      "step started",
      "step done",
      "write",
    ]);
    expect((await inScript("research", input)).sources[0].title).toBe("lamps.md");
  }, 90_000);
});
