import { Document } from "@langchain/core/documents";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { describe, expect, it } from "vitest";
import { reranker } from "../../src/graphkit.ts";
import * as fake from "../support/fake-provider.ts";
import { RERANK_SHAPES, scoreOf } from "../support/provider-shapes/rerank.ts";
import { testRuntime } from "./support.ts";

const RERANK = { model_type: "rerank", api_key: "rerank-test-key" };

async function served(fields: object, ...answers: fake.Answer[]) {
  const provider = await fake.fakeProvider(...answers);
  const runtime = testRuntime({ r: { url: provider.url, ...RERANK, ...fields } });
  return {
    provider,
    used: runtime.used,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe.each(Object.entries(RERANK_SHAPES))("a reranking by %s", (_, shape) => {
  it("gives the best of all documents, however many requests that takes", async () => {
    await using provider = await fake.fakeProvider(shape.answer);
    const url = shape.baseUrl?.(provider.url) ?? provider.url;
    using runtime = testRuntime({ r: { ...RERANK, url, ...shape.fields } });
    const documents = Array.from(
      { length: shape.rows + 1 },
      (_value, index) => `${((index * 7) % 97) / 97} of document ${index}`,
    );
    documents[shape.rows] = "0.995 comes in the second request";
    const best = await reranker("r").rerank("which?", documents, { topN: 3 });
    expect(best[0]).toEqual({ index: shape.rows, score: 0.995 });
    const scores = documents.map(scoreOf).toSorted((a, b) => b - a);
    expect(best.map(({ score }) => score)).toEqual(scores.slice(0, 3));
    for (const { index, score } of best) expect(scoreOf(documents[index] ?? "")).toBe(score);

    const sent = provider.requests.toSorted(
      (a, b) => JSON.stringify(b.body).length - JSON.stringify(a.body).length,
    );
    expect(sent.map(({ path }) => path)).toEqual([shape.path, shape.path]);
    expect(sent[0]?.body).toEqual(shape.body("which?", documents.slice(0, shape.rows), 3));
    expect(sent[1]?.body).toEqual(shape.body("which?", documents.slice(shape.rows), 1));
    expect(runtime.used).toHaveLength(2);
    for (const row of runtime.used)
      expect(row).toMatchObject({
        kind: "rerank",
        status: "success",
        ...(shape.tokens > 0 ? { promptTokens: shape.tokens } : {}),
        estimated: shape.tokens === 0,
      });
    // What DashScope bills by: the query with each document.
    expect(runtime.used.reduce((sum, { units }) => sum + units, 0)).toBe(documents.length);
  });
});

describe("a reranker", () => {
  const answer = fake.json({
    results: [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.1 },
    ],
  });

  it("is LangChain's document compressor", async () => {
    await using _ = await served({}, answer);
    const compressor = reranker();
    expect(compressor).toBeInstanceOf(BaseDocumentCompressor);
    const documents = ["a", "b"].map(
      (pageContent) => new Document({ pageContent, metadata: { source: pageContent } }),
    );
    expect(await compressor.compressDocuments(documents, "q")).toEqual([
      expect.objectContaining({
        pageContent: "b",
        metadata: { source: "b", relevanceScore: 0.9 },
      }),
      expect.objectContaining({
        pageContent: "a",
        metadata: { source: "a", relevanceScore: 0.1 },
      }),
    ]);
  });

  it("takes top_n, max_documents, instruct and its path from the file", async () => {
    const fields = {
      dialect: "siliconflow",
      top_n: 1,
      max_documents: 1,
      instruct: "find",
      rerank_path: "/v9/order",
      return_documents: true,
    };
    await using s = await served(fields, fake.json({ results: [{ index: 0, score: 0.5 }] }));
    expect(await reranker().rerank("q", ["a", "b"])).toEqual([{ index: 0, score: 0.5 }]);
    expect(s.provider.requests).toHaveLength(2);
    expect(s.provider.requests[0]).toMatchObject({
      path: "/v9/order",
      body: { instruction: "find", top_n: 1, return_documents: true },
    });
    await using under = await served({ rerank_path: "order" }, answer);
    await reranker().rerank("q", ["a", "b"]);
    expect(under.provider.requests[0]?.path).toBe("/v1/order");
  });

  it.each([
    ["no results", {}, "without results"],
    ["a foreign index", { results: [{ index: 2, score: 1 }] }, "ranked document 2"],
    ["no index", { results: [{ score: 1 }] }, "ranked document undefined"],
    [
      "a document twice",
      {
        results: [
          { index: 0, score: 1 },
          { index: 0, score: 1 },
        ],
      },
      "ranked document 0",
    ],
    ["no score", { results: [{ index: 0 }] }, "not a number"],
  ])("refuses %s as an error of the provider", async (_, body, message) => {
    await using _s = await served({ retries: 0 }, fake.json(body));
    await expect(reranker().rerank("q", ["a", "b"])).rejects.toMatchObject({
      name: "UpstreamError",
      message: expect.stringContaining(message),
    });
  });

  it("refuses empty texts before the call, and ranks nothing for nothing", async () => {
    await using s = await served({}, answer);
    await expect(reranker().rerank(" ", ["a"])).rejects.toThrow("query is empty");
    await expect(reranker().rerank("q", ["a", ""])).rejects.toThrow("document 2 is empty");
    expect(await reranker().rerank("q", [])).toEqual([]);
    expect(s.provider.requests).toEqual([]);
  });

  it("has a demo that needs no key and knows Chinese", async () => {
    using _ = testRuntime({ d: { model_type: "rerank", server_type: "demo" } });
    const documents = [
      "面包在烤箱里烘烤。",
      "法国的首都是巴黎。",
      "Paris is the capital of France.",
    ];
    const [chinese] = await reranker().rerank("法国的首都在哪里？", documents);
    expect(chinese?.index).toBe(1);
    const [english] = await reranker().rerank("What is the capital of France?", documents);
    expect(english?.index).toBe(2);
  });
});
