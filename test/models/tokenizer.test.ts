import { Tiktoken, type TiktokenBPE } from "js-tiktoken/lite";
import cl100k from "js-tiktoken/ranks/cl100k_base";
import o200k from "js-tiktoken/ranks/o200k_base";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const TEXT = "今天 we count <|im_start|> tokens exactly. ".repeat(10);

/** What the check before the call takes the length of TEXT for. */
async function counted(fields: object, answer: fake.Answer = fake.text("ok"), text = TEXT) {
  await using provider = await fake.fakeProvider(answer);
  using _ = testRuntime({ a: { url: provider.url, api_key: "key", input_tokens: 1, ...fields } });
  const error: unknown = await chatModel()
    .invoke(text)
    .catch((failure: unknown) => failure);
  const details: unknown = error instanceof Error ? Reflect.get(error, "details") : undefined;
  return {
    tokens: Reflect.get(Object(details), "estimated_tokens") as unknown,
    paths: provider.requests.map(({ path }) => path),
    body: provider.lastBody,
  };
}

describe("tokenizer", () => {
  it("counts by OpenAI's vocabularies, marks in the text included", async () => {
    const exact = (ranks: TiktokenBPE) => new Tiktoken(ranks).encode(TEXT, [], []).length + 4;
    expect(exact(o200k)).not.toBe(exact(cl100k));
    expect(await counted({ tokenizer: "o200k" })).toMatchObject({
      tokens: exact(o200k),
      paths: [],
    });
    expect((await counted({ tokenizer: "cl100k" })).tokens).toBe(exact(cl100k));
  });

  it("comes to an end with runs that have no breaks", async () => {
    const { tokens } = await counted({ tokenizer: "o200k" }, fake.text("ok"), "é".repeat(60_000));
    expect(tokens).toBeGreaterThan(10_000);
  });

  it.each([
    ["vLLM's", { count: 77 }, 81],
    ["llama.cpp's", { tokens: [1, 2, 3] }, 7],
  ])("asks %s server", async (_, answer, tokens) => {
    const asked = await counted({ tokenizer: "server" }, fake.json(answer));
    expect(asked).toMatchObject({ tokens, paths: ["/tokenize"] });
    expect(asked.body).toMatchObject({ model: "fake", prompt: TEXT, content: TEXT });
  });

  it("estimates where the server cannot count", async () => {
    const asked = await counted({ tokenizer: "server" }, fake.json("no", { status: 404 }));
    expect(asked.tokens).toBe((await counted({})).tokens);
  });
});
