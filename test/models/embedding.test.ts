import { describe, expect, it } from "vitest";
import { embeddings } from "../../src/graphkit.ts";
import * as fake from "../support/fake-provider.ts";
import { EMBEDDING_SHAPES, vectorOf } from "../support/provider-shapes/embedding.ts";
import { makeModel, testRuntime } from "./support.ts";

const KEY = "embedding-test-key";
const EMBEDDING = { model_type: "embedding", api_key: KEY };
const one = (embedding: unknown) => fake.json({ data: [{ index: 0, embedding }] });

/** A provider with one embedding model over it. */
async function served(fields: object, ...answers: fake.Answer[]) {
  const provider = await fake.fakeProvider(...answers);
  const runtime = testRuntime({ e: { url: provider.url, ...EMBEDDING, ...fields } });
  return {
    provider,
    used: runtime.used,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe.each(Object.entries(EMBEDDING_SHAPES))("embeddings of %s", (_, shape) => {
  it("come in order, in batches that the provider takes, each in the ledger", async () => {
    await using provider = await fake.fakeProvider(shape.answer);
    const url = shape.baseUrl?.(provider.url) ?? provider.url;
    using runtime = testRuntime({ e: { ...EMBEDDING, url, ...shape.fields } });
    const texts = Array.from({ length: shape.rows + 1 }, (_value, index) => "x".repeat(index + 1));
    expect(await embeddings("e").embedDocuments(texts)).toEqual(texts.map(vectorOf));
    const sent = provider.requests.toSorted(
      (a, b) => JSON.stringify(b.body).length - JSON.stringify(a.body).length,
    );
    expect(sent.map(({ path }) => path)).toEqual([shape.path, shape.path]);
    expect(sent[0]?.body).toEqual(shape.body(texts.slice(0, shape.rows)));
    expect(sent[1]?.body).toEqual(shape.body(texts.slice(shape.rows)));
    expect(sent[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(runtime.used).toHaveLength(2);
    for (const row of runtime.used)
      expect(row).toMatchObject({
        kind: "embedding",
        modelId: "e",
        status: "success",
        completionTokens: 0,
        ...(shape.tokens > 0 ? { promptTokens: shape.tokens } : {}),
        estimated: shape.tokens === 0,
      });
    expect(runtime.used.reduce((sum, { units }) => sum + units, 0)).toBe(texts.length);
  });
});

describe("embeddings", () => {
  it("send a query as a query, and dimensions and user where the file names them", async () => {
    const answer = fake.json({ embeddings: { float: [[1, 2]] } });
    await using s = await served({ dialect: "cohere", model: "c", dimensions: 2 }, answer);
    expect(await embeddings().embedQuery("hi")).toEqual([1, 2]);
    expect(s.provider.lastBody).toMatchObject({ input_type: "search_query", output_dimension: 2 });
  });

  it("take batch_size, extra_body, drop_params and normalize from the file", async () => {
    const fields = {
      batch_size: 1,
      normalize: true,
      extra_body: { truncate: "END", model: "other" },
      drop_params: ["encoding_format"],
    };
    await using s = await served(fields, one([3, 4]));
    expect(await embeddings().embedDocuments(["a", "b"])).toEqual([
      [0.6, 0.8],
      [0.6, 0.8],
    ]);
    expect(s.provider.requests.map(({ body }) => body)).toEqual([
      { model: "fake", input: ["a"], truncate: "END" },
      { model: "fake", input: ["b"], truncate: "END" },
    ]);
  });

  it("cut what is longer than max_chars, never inside a sign", async () => {
    await using s = await served({ max_chars: 3 }, one([1]));
    await embeddings().embedQuery("ab😀");
    expect(s.provider.lastBody["input"]).toEqual(["ab"]);
  });

  it("refuse an empty text before the call, and embed nothing for nothing", async () => {
    await using s = await served({}, one([1]));
    await expect(embeddings().embedDocuments(["a", " "])).rejects.toThrow("input 2 is empty");
    expect(await embeddings().embedDocuments([])).toEqual([]);
    expect(s.provider.requests).toEqual([]);
  });

  it.each([
    ["NaN", [1, "x"], "does not consist of numbers"],
    ["no vector", null, "does not consist of numbers"],
    ["the wrong size", [1, 2], "vectors of 2 numbers where 3 were asked for"],
  ])("refuse %s as an error of the provider", async (_, vector, message) => {
    await using s = await served({ dimensions: 3, retries: 0 }, one(vector));
    const failed = embeddings().embedQuery("hi");
    await expect(failed).rejects.toMatchObject({
      name: "UpstreamError",
      message: expect.stringContaining(message),
      details: { model: "e" },
    });
    expect(s.used).toMatchObject([{ status: "error", promptTokens: 0, units: 0 }]);
  });

  it.each([
    ["fewer vectors", [{ index: 0, embedding: [1] }], "sent 1 vectors for 2 texts"],
    [
      "a vector twice",
      [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [1] },
      ],
      "not one of 2",
    ],
    ["a vector of no text", [{ index: 7, embedding: [1] }], "a vector for text 7"],
    [
      "vectors of different sizes",
      [
        { index: 0, embedding: [1] },
        { index: 1, embedding: [1, 2] },
      ],
      "different sizes, 1 and 2",
    ],
  ])("refuse %s", async (_, data, message) => {
    await using _s = await served({ retries: 0 }, fake.json({ data }));
    await expect(embeddings().embedDocuments(["a", "b"])).rejects.toThrow(message);
  });

  it("try again what passes, not what does not, and say what the provider said", async () => {
    const busy = fake.json({ error: { message: "slow down" } }, { status: 429 });
    await using s = await served({ retries: { max: 2, base_ms: 1 } }, busy, one([1]));
    expect(await embeddings().embedQuery("hi")).toEqual([1]);
    expect(s.provider.requests).toHaveLength(2);
    expect(s.used).toHaveLength(1);

    const wrong = fake.json({ error: { message: `bad ${KEY}`, code: "x" } }, { status: 400 });
    await using refused = await served({}, wrong);
    await expect(embeddings().embedQuery("hi")).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("answered 400: bad ***"),
      details: { provider_status: 400, provider_code: "x" },
    });
    expect(refused.provider.requests).toHaveLength(1);
  });

  it.each([
    ["an HTML page", fake.json("<html>"), "not JSON"],
    ["an error with status 200", fake.json({ error: { message: "no" } }), "sent an error: no"],
  ])("take %s for an error", async (_, answer, message) => {
    await using _s = await served({ retries: 0 }, answer);
    await expect(embeddings().embedQuery("hi")).rejects.toThrow(message);
  });

  it("end at once when aborted, and close the connection", async () => {
    const asked = Promise.withResolvers<void>();
    await using s = await served({}, () => asked.resolve());
    const controller = new AbortController();
    const { signal } = controller;
    const call = embeddings().embedDocuments(["a"], { signal });
    await asked.promise;
    controller.abort();
    await expect(call).rejects.toThrow(/abort/i);
    await s.provider.clientClosed();
    expect(s.used).toMatchObject([{ status: "cancelled" }]);
  });

  it("refuse a model of another type, and say so where none is configured", async () => {
    using _ = testRuntime({ c: { server_type: "demo" } });
    await expect(embeddings("c").embedQuery("x")).rejects.toThrow(/of type chat, and embedding/);
    await expect(embeddings().embedQuery("x")).rejects.toThrow(
      /No embedding model is configured.*"model_type": "embedding"/,
    );
  });

  it("prefer a real model to the demo, which is there without a key", async () => {
    const demo = { model_type: "embedding", server_type: "demo", dimensions: 64 };
    await using provider = await fake.fakeProvider(one([7]));
    using _ = testRuntime({ d: demo, e: { ...EMBEDDING, url: provider.url } });
    expect(await embeddings().embedQuery("x")).toEqual([7]);
    expect(await embeddings("d").embedQuery("x")).toHaveLength(64);
  });
});

describe("the demo's vectors", () => {
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

  it.each([
    ["how do I reset my password", "resetting a password", "the weather in Paris tomorrow"],
    ["今天北京的天气怎么样", "北京天气预报", "如何重置我的密码"],
  ])("bring %s nearer to its like", async (text, like, other) => {
    using _ = testRuntime({ d: { model_type: "embedding", server_type: "demo" } });
    const [a = [], b = [], c = []] = await embeddings().embedDocuments([text, like, other]);
    expect(cosine(a, b)).toBeGreaterThan(cosine(a, c) + 0.2);
    expect(cosine(a, a)).toBeCloseTo(1);
    expect(await embeddings().embedQuery(text)).toEqual(a);
  });
});

describe("a model's state", () => {
  it.each([
    ["rerank", "openai", "openai has no rerank models"],
    ["rerank", "ollama", "ollama has no rerank models"],
    ["embedding", "deepseek", "deepseek has no embedding models"],
    ["chat", "jina", "jina has no chat models"],
    ["embedding", "jina", undefined],
    ["rerank", "cohere", undefined],
  ])("of %s at %s is right", (model_type, dialect, reason) => {
    const model = makeModel("m", { model_type, dialect, url: "http://h/v1", api_key: "k" });
    expect(model.unavailableReason()).toBe(reason);
  });
});
