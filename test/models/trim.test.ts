import {
  AIMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
} from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { fitMessages } from "../../src/models/trim.ts";
import { tools } from "../../src/tools/index.ts";
import { testRuntime } from "./support.ts";

const LONG = "word ".repeat(50);

const human = (id: string, content = "hi") => new HumanMessage({ id, content });
const ai = (id: string, content = "ok") => new AIMessage({ id, content });
const calling = (id: string, ...calls: string[]) =>
  new AIMessage({
    id,
    content: "",
    tool_calls: calls.map((call) => ({ id: call, name: "clock", args: {} })),
  });
const result = (call: string, content = "12:00") =>
  new ToolMessage({ id: `r-${call}`, tool_call_id: call, content });

const runtime = (input: number, out = 10) =>
  testRuntime({ a: { server_type: "demo", input_tokens: input, out_tokens: out } });

const ids = (messages: BaseMessage[]) => messages.map(({ id }) => id);

describe("fitMessages", () => {
  it("keeps everything that fits", () => {
    using _ = runtime(10_000);
    const history = [human("h1"), calling("a1", "c1"), result("c1"), ai("a2"), human("h2")];
    expect(ids(fitMessages(history))).toEqual(["h1", "a1", "r-c1", "a2", "h2"]);
  });

  it("drops the oldest turns first and starts with a human message", () => {
    using _ = runtime(100);
    const history = [human("h1", LONG), ai("a1"), human("h2"), ai("a2"), human("h3")];
    expect(ids(fitMessages(history))).toEqual(["h2", "a2", "h3"]);
  });

  it("keeps or drops a tool call together with its results", () => {
    using _ = runtime(120);
    const history = [
      human("h1"),
      calling("a1", "c1", "c2"),
      result("c1"),
      result("c2", LONG),
      ai("a2"),
      human("h2"),
    ];
    expect(ids(fitMessages(history))).toEqual(["h2"]);
  });

  it("keeps the last human turn and its newest tool results in a long tool loop", () => {
    using _ = runtime(200);
    const history = [
      human("h1"),
      calling("a1", "c1"),
      result("c1", LONG),
      calling("a2", "c2"),
      result("c2", LONG),
    ];
    expect(ids(fitMessages(history))).toEqual(["h1", "a2", "r-c2"]);
  });

  it("drops results without a call and makes up for a result that never came", () => {
    using _ = runtime(10_000);
    const fitting = fitMessages([
      result("gone"),
      human("h1"),
      calling("a1", "c1", "c2"),
      result("c2"),
      human("h2"),
    ]);
    expect(ids(fitting)).toEqual(["h1", "a1", undefined, "r-c2", "h2"]);
    expect(fitting[2]).toMatchObject({ tool_call_id: "c1", status: "error" });
  });

  it("drops a leading result also where the model has no limit", () => {
    using _ = testRuntime({ a: { server_type: "demo" } });
    expect(ids(fitMessages([result("gone"), human("h1")]))).toEqual(["h1"]);
  });

  it("counts the system prompt and the tools, and keeps system messages", () => {
    const history = [
      new SystemMessage({ id: "s", content: "rules" }),
      human("h1"),
      ai("a1"),
      human("h2"),
    ];
    using _ = runtime(304);
    expect(ids(fitMessages(history))).toEqual(["s", "h1", "a1", "h2"]);
    expect(ids(fitMessages(history, { system: LONG.repeat(2), tools: tools("clock") }))).toEqual([
      "s",
      "h2",
    ]);
  });

  it("refuses one message that cannot fit, naming sizes and model", () => {
    using _ = runtime(50);
    expect(() => fitMessages([human("h1", LONG.repeat(5))])).toThrow(
      /model "a".* needs about \d+ tokens .* may have 39/,
    );
  });

  it("takes the limits of the model that the run names", () => {
    using _ = testRuntime({
      small: { server_type: "demo", input_tokens: 60 },
      large: { server_type: "demo", input_tokens: 60_000 },
    });
    const history = [human("h1", LONG), ai("a1"), human("h2")];
    expect(ids(fitMessages(history))).toEqual(["h2"]);
    expect(ids(fitMessages(history, { config: { context: { model: "large" } } }))).toHaveLength(3);
  });
});
