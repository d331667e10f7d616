import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { fitMessages } from "../../src/models/trim.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const usage = (prompt_tokens: number) => ({ prompt_tokens, completion_tokens: 1 });
const answering = (prompt_tokens: number): fake.Answer =>
  fake.stream([
    fake.delta({ role: "assistant", content: "ok" }, "stop"),
    fake.usageChunk(usage(prompt_tokens)),
  ]);
const WORDS = "the quick brown fox jumps over the lazy dog ".repeat(20);

/** What a call was refused with before it was made. */
async function refused(fields: object, call: () => Promise<unknown>) {
  await using provider = await fake.fakeProvider(fake.text("ok"));
  using _ = testRuntime({ small: { url: provider.url, api_key: "key", ...fields } });
  const error: unknown = await call().then(
    () => "answered",
    (failure: unknown) => failure,
  );
  return { error, requests: provider.requests.length };
}

describe("the context window", () => {
  it.each([
    ["a long message", "input_tokens", () => chatModel().invoke(WORDS)],
    ["a stream", "input_tokens", async () => await chatModel().stream(WORDS)],
    ["one shared window", "context_window", () => chatModel().invoke(WORDS)],
    [
      "tools",
      "input_tokens",
      () =>
        chatModel()
          .bindTools([{ type: "function", function: { name: "f", description: WORDS } }])
          .invoke("hi"),
    ],
  ])("refuses what is above it before the call: %s", async (_, field, call) => {
    const { error, requests } = await refused({ [field]: 100 }, call);
    expect(error).toMatchObject({
      kind: "overflow",
      retryable: false,
      message: expect.stringMatching(/does not fit model small \(generic\).* limit is 100/),
      details: { model: "small", limit_tokens: 100, estimated_tokens: expect.any(Number) },
    });
    expect(requests).toBe(0);
  });

  it("lets through what fits, and asks a fallback with more room for what does not", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const shared = { url: provider.url, api_key: "key" };
    using _ = testRuntime({
      small: { ...shared, input_tokens: 100, fallbacks: ["large"], fallback_on: ["overflow"] },
      large: { ...shared, input_tokens: 10_000 },
    });
    expect((await chatModel().invoke("hi")).response_metadata["model_id"]).toBe("small");
    expect((await chatModel().invoke(WORDS)).response_metadata["model_id"]).toBe("large");
    expect(provider.requests).toHaveLength(2);
  });

  it("learns from what the provider counts, for the check and for trimming", async () => {
    // The heuristic says about 240 tokens; this provider counts half as many.
    await using provider = await fake.fakeProvider(answering(120));
    using runtime = testRuntime({
      a: { url: provider.url, api_key: "key", input_tokens: 400, out_tokens: 1 },
    });
    const ask = async () => await chatModel().stream(WORDS).then(drained);
    const pair = [new HumanMessage(WORDS), new HumanMessage(WORDS)];
    expect(fitMessages(pair)).toHaveLength(1);
    for (let count = 0; count < 12; count++) await ask();
    expect(fitMessages(pair)).toHaveLength(2);
    expect(runtime.used.every(({ promptTokens }) => promptTokens === 120)).toBe(true);
  });

  it("learns nothing from prompts with images, whose tokens are a guess", async () => {
    await using provider = await fake.fakeProvider(answering(5000));
    using runtime = testRuntime({ a: { url: provider.url, api_key: "key" } });
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
    const message = new HumanMessage({ content: [{ type: "text", text: WORDS }, image] });
    await chatModel().stream([message]).then(drained);
    expect(runtime.factors.takeChanged()).toEqual([]);
  });
});

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
