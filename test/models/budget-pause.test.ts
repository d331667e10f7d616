import {
  Annotation,
  Command,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { BudgetExceededError } from "../../src/core/errors.ts";
import { chatModel } from "../../src/models/chat.ts";
import type { PlannedCall } from "../../src/models/usage-port.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const PRICES = { api_key: "key", pay_in: 1, pay_out: 10, currency: "CNY" };

/** A runtime whose budgets have nothing until told otherwise. */
function poorRuntime(url: string, fields: object = {}) {
  const planned: PlannedCall[] = [];
  const purse = { isEmpty: true };
  const hold = async (call: PlannedCall) => {
    planned.push(call);
    if (purse.isEmpty) throw new BudgetExceededError("Over budget", { limit_micros: 1 });
  };
  const runtime = testRuntime({ a: { url, ...PRICES, ...fields } }, { hold });
  return { planned, purse, [Symbol.dispose]: () => runtime[Symbol.dispose]() };
}

const State = Annotation.Root({ out: Annotation<string> });

/** One task that calls a model and then asks a human. */
const graph = () =>
  new StateGraph(State)
    .addNode("work", async (_, config) => {
      await chatModel().invoke("hi", config);
      return { out: String(interrupt("Approve?")) };
    })
    .addEdge(START, "work")
    .compile({ checkpointer: new MemorySaver() });

const onThread = { configurable: { thread_id: "t", run_id: "r" } };
const asked = (values: object): unknown[] => {
  const list: unknown = Reflect.get(values, "__interrupt__");
  return Array.isArray(list) ? list.map((one: { value: unknown }) => one.value) : [];
};

describe("a call over budget", () => {
  it("pauses its run; the answer that lets it go on answers no other question of the task", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using runtime = poorRuntime(provider.url);
    const work = graph();
    const over = { type: "budget_exceeded", message: "Over budget", limit_micros: 1 };
    expect(asked(await work.invoke({}, onThread))).toEqual([over]);
    expect(asked(await work.invoke(new Command({ resume: "go" }), onThread))).toEqual([over]);
    expect(provider.requests).toHaveLength(0);
    runtime.purse.isEmpty = false;
    expect(asked(await work.invoke(new Command({ resume: "go" }), onThread))).toEqual(["Approve?"]);
    expect(await work.invoke(new Command({ resume: "yes" }), onThread)).toMatchObject({
      out: "yes",
    });
  });

  it("takes an answer that names its question", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using runtime = poorRuntime(provider.url);
    const work = graph();
    await work.invoke({}, onThread);
    runtime.purse.isEmpty = false;
    const { tasks } = await work.getState(onThread);
    const id = tasks[0]?.interrupts[0]?.id ?? "";
    const next = await work.invoke(new Command({ resume: { [id]: "go" } }), onThread);
    expect(asked(next)).toEqual(["Approve?"]);
  });

  it("goes on without an answer too", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using runtime = poorRuntime(provider.url);
    const work = graph();
    await work.invoke({}, onThread);
    runtime.purse.isEmpty = false;
    expect(asked(await work.invoke(null, onThread))).toEqual(["Approve?"]);
  });

  it("is an error of its own outside of a run, and nothing is sent", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = poorRuntime(provider.url);
    await expect(chatModel().invoke("hi")).rejects.toMatchObject({
      name: "BudgetExceededError",
      code: "insufficient_quota",
    });
    expect(provider.requests).toHaveLength(0);
  });

  it.each([
    ["out_tokens", {}, { out_tokens: 100 }, 100],
    ["nothing", {}, {}, 4096],
    ["the call", { maxTokens: 50 }, { out_tokens: 100 }, 50],
    ["dearer thinking", { maxTokens: 50 }, { pay_think: 20 }, 100],
    ["several answers", { parameters: { n: 2 }, maxTokens: 50 }, {}, 100],
  ])("holds the longest answer that %s allows", async (_, overrides, fields, answers) => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using runtime = poorRuntime(provider.url, fields);
    await expect(chatModel(overrides).invoke("hi")).rejects.toThrow("Over budget");
    const [{ micros } = { micros: 0 }] = runtime.planned;
    expect(micros).toBeGreaterThan(answers * 10);
    expect(micros).toBeLessThan(answers * 10 + 30);
  });
});
