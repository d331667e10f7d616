import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InMemoryStore, MemorySaver } from "@langchain/langgraph";
import { afterEach, describe, expect, it } from "vitest";
import { graph } from "../../graphs/team.ts";
import { okJson, type Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "../models/support.ts";
import { calling, inScript, partial, served } from "./support.ts";

const say = (text: string) => ({ messages: [{ role: "user", content: text }] });

/** Answers by who asks: the prompts of a test runtime are their names. */
async function team(answers: Record<string, fake.Answer[]>) {
  const provider = await fake.fakeProvider((response, request) => {
    const [system]: Loose[] = Array.isArray(request.body["messages"])
      ? request.body["messages"]
      : [];
    const left = answers[system.content] ?? [];
    const answer = left.length > 1 ? left.shift() : left[0];
    (answer ?? fake.text(`nothing for ${system.content}`))(response, request);
  });
  const runtime = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
  return {
    asked: () => provider.requests.map(({ body }): Loose => body),
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const bySystem = (asked: Loose[], name: string) =>
  asked.filter(({ messages }) => messages[0].content === name);

afterEach(() => {
  Reflect.deleteProperty(graph, "store");
  Reflect.deleteProperty(graph, "checkpointer");
});

describe("graphs/team", () => {
  it("hands tasks over, to several at once, and answers from their reports", async () => {
    await using t = await team({
      team: [
        calling(["calculator", { input: "12*7" }], ["writer", { input: "a line on lamps" }]),
        fake.text("84 lamps"),
      ],
      "team-calculator": [calling(["calculator", { input: "12*7" }]), fake.text("it is 84")],
      "team-writer": [fake.text("Lamps shine.")],
    });
    const { messages } = await graph.invoke(say("84 lamps?"));
    expect(messages.map((it) => it.type)).toEqual(["human", "ai", "tool", "tool", "ai"]);
    const reports = messages
      .filter((it) => it.type === "tool")
      .map(({ name, text }) => [name, text]);
    expect(Object.fromEntries(reports)).toEqual({ writer: "Lamps shine.", calculator: "it is 84" });
    expect(messages.at(-1)?.text).toBe("84 lamps");
    const [, second] = bySystem(t.asked(), "team");
    expect(second?.messages.slice(2).map(({ role }: Loose) => role)).toEqual([
      "assistant",
      "tool",
      "tool",
    ]);
    const [task] = bySystem(t.asked(), "team-writer");
    expect(task?.messages.slice(1)).toMatchObject([{ role: "user", content: "a line on lamps" }]);
    expect(JSON.stringify(bySystem(t.asked(), "team-calculator")[1])).toContain('"84"');
  });

  it("ends with what there is when the rounds are used up", async () => {
    await using t = await team({
      team: [calling(["writer", { input: "more" }])],
      "team-writer": [fake.text("a draft")],
      "team-limit": [calling(["writer", { input: "even more" }])],
    });
    const { messages } = await graph.invoke(say("write"), { context: partial({ max_rounds: 2 }) });
    expect(bySystem(t.asked(), "team-writer")).toHaveLength(2);
    expect(bySystem(t.asked(), "team-limit")[0]).not.toHaveProperty("tools");
    expect(messages.at(-1)?.text).toBe("a draft\n\na draft");
  });

  it("counts the rounds of each question anew", async () => {
    graph.checkpointer = new MemorySaver();
    const config = { configurable: { thread_id: "t" }, context: partial({ max_rounds: 1 }) };
    await using t = await team({
      team: [calling(["writer", { input: "x" }])],
      "team-writer": [fake.text("draft")],
      "team-limit": [fake.text("done")],
    });
    await graph.invoke(say("one"), config);
    await graph.invoke(say("two"), config);
    expect(bySystem(t.asked(), "team-writer")).toHaveLength(2);
  });

  it("stops a member that calls tools without end", async () => {
    await using t = await team({
      team: [calling(["calculator", { input: "1" }]), fake.text("no luck")],
      "team-calculator": [calling(["calculator", { input: "1+1" }])],
    });
    const { messages } = await graph.invoke(say("go"));
    expect(bySystem(t.asked(), "team-calculator")).toHaveLength(6);
    expect(messages.find((it) => it.type === "tool")?.text).toContain("rounds of this task");
    expect(messages.at(-1)?.text).toBe("no luck");
  });

  it("tells the supervisor of a member that does not exist", async () => {
    await using t = await team({ team: [calling(["painter", { input: "x" }]), fake.text("ok")] });
    const { messages } = await graph.invoke(say("go"));
    expect(messages.map((it) => it.type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(messages[2]?.text).toContain("painter");
    expect(t.asked()).toHaveLength(2);
  });

  it("lets the researcher search the store", async () => {
    const store = new InMemoryStore();
    await store.put(["documents"], "lamps.md", { text: "Lamps cost 5." });
    graph.store = store;
    await using t = await team({
      team: [calling(["researcher", { input: "price?" }]), fake.text("5")],
      "team-researcher": [calling(["search_documents", { query: "lamps" }]), fake.text("it is 5")],
    });
    await graph.invoke(say("price?"));
    expect(JSON.stringify(bySystem(t.asked(), "team-researcher")[1])).toContain("[lamps.md]");
  });

  it("has its researcher search a collection of documents", async () => {
    const answer: fake.Answer = (response, request) => {
      const { tools = [], messages }: Loose = request.body;
      const isSupervisor = tools.some((it: Loose) => it.function.name === "researcher");
      const hasResult = messages.some(({ role }: Loose) => role === "tool");
      const call: [string, object] = isSupervisor
        ? ["researcher", { input: "find the price" }]
        : ["search_documents", { query: "lamps cost" }];
      (hasResult ? fake.text("5 yuan") : calling(call))(response, request);
    };
    const embedding = { model_type: "embedding", server_type: "demo", model: "d", pay_in: 0 };
    await using s = await served([answer], {}, (folder) =>
      writeFileSync(join(folder, "demo-embedding.json"), JSON.stringify(embedding)),
    );
    const document = { source: "prices.md", text: "Lamps cost 5 yuan." };
    await okJson(s.server.put("/knowledge/shop/documents", document));
    await s.client.runs.wait(null, "team", {
      input: say("price?"),
      context: partial({ collection: "shop" }),
    });
    const found = s.provider.requests.map(({ body }) => JSON.stringify(body["messages"]));
    expect(found.some((text) => text.includes('source=\\"prices.md\\"'))).toBe(true);
  });

  it("streams what the members do, over the official client on the demo model", async () => {
    await using s = await served();
    const events: Loose[] = [];
    for await (const part of s.client.runs.stream(null, "team", {
      input: say("计算 12*7"),
      streamMode: ["messages-tuple", "updates"],
      streamSubgraphs: true,
    }))
      events.push(part);
    const names = events.map(({ event }) => event);
    expect(names.some((name) => name.startsWith("updates|calculator:"))).toBe(true);
    expect(names.some((name) => name.startsWith("messages|calculator:"))).toBe(true);
    const updates = events.filter(({ event }) => event === "updates");
    expect(updates.at(-1)?.data.supervisor.messages[0].content).toContain("84");
    expect((await inScript("team", say("计算 12*7"))).messages).toHaveLength(4);
  }, 90_000);

  it("spends the budget of the run with its members: one of them pauses the run", async () => {
    const answers = [calling(["writer", { input: "a line" }]), fake.text("ok")];
    // Each call costs 10,081 millionths and holds some 11,000 before it is made.
    const prices = { pay_in: 1, pay_out: 10, pay_request: 0.01, out_tokens: 100, currency: "CNY" };
    await using s = await served(answers, prices);
    const budget = (amount: number) =>
      okJson(s.server.post("/budgets", { scope: "run", per: "run", currency: "CNY", amount }));
    const { client } = s;
    const { thread_id } = await client.threads.create();

    await budget(0.015);
    const paused: Loose = await client.runs.wait(thread_id, "team", { input: say("a line") });
    expect(paused.__interrupt__).toMatchObject([
      { value: { type: "budget_exceeded", spent_micros: 10_081 } },
    ]);
    expect((await client.threads.getState(thread_id)).next).toEqual(["writer"]);
    expect(s.provider.requests).toHaveLength(1);

    await budget(1);
    const done: Loose = await client.runs.wait(thread_id, "team", { command: { resume: true } });
    expect(done.messages.at(-1).content).toBe("ok");
    expect(s.provider.requests).toHaveLength(3);
  });
});
