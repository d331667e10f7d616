import OpenAI, { BadRequestError, NotFoundError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fake from "../support/fake-provider.ts";
import { okJson } from "../support/calls.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
let openai: OpenAI;
let folder: ReturnType<typeof tempFolder>;
let provider: fake.FakeProvider;

beforeAll(async () => {
  provider = await fake.fakeProvider((response, request) => {
    const busy = { error: { message: "slow down", code: "limit_requests" } };
    return request.path === "/v1/embeddings" && request.body["model"] === "tokens"
      ? fake.json({ data: [{ index: 0, embedding: [1, 2] }], usage: { total_tokens: 3 } })(
          response,
          request,
        )
      : fake.json(busy, { status: 429 })(response, request);
  });
  folder = tempFolder();
  const models = join(folder.path, "models");
  mkdirSync(models);
  const write = (id: string, fields: object) =>
    writeFileSync(join(models, `${id}.json`), JSON.stringify(fields));
  const real = { url: provider.url, api_key: "k", retries: 0 };
  write("demo-embedding", { model_type: "embedding", server_type: "demo", model: "d" });
  write("demo-rerank", { model_type: "rerank", server_type: "demo", model: "d" });
  write("demo-image", { model_type: "image", server_type: "demo", model: "d" });
  write("busy", { model_type: "embedding", model: "busy", ...real });
  write("tokens", { model_type: "embedding", dialect: "vllm", model: "tokens", ...real });
  server = await startTestServer({ settings: { models_dir: models } });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any", maxRetries: 0 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const rowsOf = async () => await okJson(server.get("/files?limit=100"));

describe("the openai package", () => {
  it("gets vectors, in base64 as it asks by itself and as floats", async () => {
    const input = ["hello world", "你好，世界"];
    const model = "demo-embedding";
    const coded = await openai.embeddings.create({ model, input });
    const plain = await openai.embeddings.create({ model, input, encoding_format: "float" });
    expect(coded).toMatchObject({
      object: "list",
      model,
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
    expect(plain.data.map(({ index }) => index)).toEqual([0, 1]);
    for (const [at, { embedding }] of coded.data.entries()) {
      expect(embedding).toHaveLength(256);
      const other = plain.data[at]?.embedding ?? [];
      for (const [place, value] of embedding.entries()) expect(other[place]).toBeCloseTo(value, 6);
    }
    const one = await openai.embeddings.create({ model, input: "hello world", dimensions: 8 });
    expect(one.data[0]?.embedding).toHaveLength(8);
  });

  it("may send token numbers where the provider takes them, and is told where it does not", async () => {
    const taken = await openai.embeddings.create({ model: "tokens", input: [1, 2, 3] });
    expect(taken.data[0]?.embedding).toEqual([1, 2]);
    expect(provider.lastBody["input"]).toEqual([[1, 2, 3]]);
    await expect(
      openai.embeddings.create({ model: "demo-embedding", input: [[1], [2]] }),
    ).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("check_embedding_ctx_length=False"),
    });
  });

  it("gets images by address and in base64", async () => {
    const model = "demo-image";
    const byUrl = await openai.images.generate({ model, prompt: "a cat", n: 2, size: "256x256" });
    expect(byUrl.data).toHaveLength(2);
    const [first] = byUrl.data ?? [];
    expect(first?.url).toMatch(new RegExp(`^${server.url}/files/`));
    const fetched = Buffer.from(await (await fetch(first?.url ?? "")).arrayBuffer());
    const coded = await openai.images.generate({
      model,
      prompt: "a cat",
      response_format: "b64_json",
    });
    expect(Buffer.from(coded.data?.[0]?.b64_json ?? "", "base64")).toEqual(fetched);
    expect(await rowsOf()).toHaveLength(2);
  });

  it("gets errors in its own classes", async () => {
    const embed = (body: object) =>
      openai.embeddings.create({ model: "demo-embedding", input: "x", ...body });
    await expect(embed({ model: "nobody" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
      param: "model",
      type: "invalid_request_error",
    });
    await expect(embed({ model: "nobody" })).rejects.toBeInstanceOf(NotFoundError);
    await expect(embed({ input: "" })).rejects.toBeInstanceOf(BadRequestError);
    await expect(embed({ input: undefined })).rejects.toMatchObject({ param: "input" });
    await expect(embed({ model: "demo-image" })).rejects.toThrow(/of type image/);
    await expect(embed({ model: "busy" })).rejects.toMatchObject({
      status: 429,
      type: "rate_limit_error",
      message: expect.stringContaining("slow down"),
    });
    await expect(embed({ model: "busy" })).rejects.toBeInstanceOf(RateLimitError);
    await expect(
      openai.images.generate({ model: "demo-image", prompt: "x", n: 99 }),
    ).rejects.toMatchObject({ status: 400, param: "n" });
  });
});

describe("POST /v1/rerank", () => {
  const documents = ["面包在烤箱里烘烤", { text: "Paris is the capital of France" }];
  const query = "capital of France?";

  it("orders documents as Jina and Cohere do", async () => {
    const body = { query, documents, top_n: 1, return_documents: true };
    expect(await okJson(server.post("/v1/rerank", body))).toMatchObject({
      model: "demo-rerank",
      results: [
        {
          index: 1,
          relevance_score: expect.any(Number),
          document: { text: "Paris is the capital of France" },
        },
      ],
      usage: { total_tokens: expect.any(Number) },
    });
    const { results } = await okJson(server.post("/v1/rerank", { query, documents }));
    expect(results).toHaveLength(2);
    expect(results[0]).not.toHaveProperty("document");
  });

  it("answers errors as OpenAI does", async () => {
    const response = await server.post("/v1/rerank", { query: " ", documents });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        message: "query is empty",
        type: "invalid_request_error",
        param: null,
        code: "validation",
      },
    });
  });
});
