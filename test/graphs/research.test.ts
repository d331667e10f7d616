import { InMemoryStore, MemorySaver } from "@langchain/langgraph";
import { afterEach, describe, expect, it } from "vitest";
import { graph } from "../../graphs/research.ts";
import type { Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "../models/support.ts";
import { inScript, partial, served } from "./support.ts";

const DOCUMENTS = [
  { title: "lamps.md", text: "Lamps cost 5 yuan.\n\nChairs cost 40 yuan." },
  { title: "灯.md", text: "台灯有蓝色和红色。" },
];
const QUESTION = "lamps: cost and 颜色?";
const INPUT = { question: QUESTION, documents: DOCUMENTS };
const PLAN = ["what do lamps cost", "台灯的颜色"];

type Part = "plan" | "cost" | "colour" | "report";

function partOf({ body }: fake.RecordedRequest): Part {
  const asked = JSON.stringify(body["messages"]);
  if (asked.includes("## ")) return "report";
  if (!asked.includes("[1]")) return "plan";
  return asked.includes("台灯的颜色") ? "colour" : "cost";
}

const ANSWERS: Record<Part, fake.Answer> = {
  plan: fake.text(JSON.stringify({ steps: PLAN })),
  cost: fake.text("They cost 5 yuan [1]."),
  colour: fake.text("蓝色和红色 [1]，也许 [7]。"),
  report: fake.text("5 yuan [1], blue and red [2], green [9]."),
};

const FIELDS = { structured_output: "json_schema", retries: 0 };

/** Answers by what is asked; steps come in parallel. */
function answering(answers: Partial<Record<Part, fake.Answer>> = {}): fake.Answer {
  return (response, request) => {
    const part = partOf(request);
    (answers[part] ?? ANSWERS[part])(response, request);
  };
}

const partsOf = (provider: fake.FakeProvider): Part[] => provider.requests.map(partOf);

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
  });
});
