import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { okJson, refusal } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

const FIND = "/knowledge/shop/search";
const DOCUMENTS = {
  "lamp.txt": { text: "The blue lamp burns whale oil.", metadata: { year: 2020, kind: "guide" } },
  "gas.txt": { text: "The red lamp burns gas.", metadata: { year: 2024, kind: "guide" } },
  "news.txt": { text: "A lamp was sold for much money.", metadata: { year: 2024 } },
};

/** A server whose models are the demo embedding and a rerank model at an address. */
async function openWith(rerankUrl?: string) {
  const folder = tempFolder();
  const models = join(folder.path, "models");
  mkdirSync(models);
  const write = (id: string, fields: object) =>
    writeFileSync(join(models, `${id}.json`), JSON.stringify(fields));
  write("demo-embedding", { model_type: "embedding", server_type: "demo", model: "d", pay_in: 0 });
  write("demo", { model_type: "chat", server_type: "demo", model: "d", pay_in: 0 });
  if (rerankUrl !== undefined)
    write("ranker", {
      model_type: "rerank",
      server_type: "openai",
      model: "r",
      url: rerankUrl,
      api_key: "rerank-test-key",
      retries: 0,
    });
  const settings = { models_dir: models, local_models: "off" };
  const server = await testServer({ langgraph: OWN_GRAPHS, settings });
  for (const [source, document] of Object.entries(DOCUMENTS))
    await okJson(server.put("/knowledge/shop/documents", { source, ...document }));
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function sourcesOf(server: TestServer, body: object): Promise<string[]> {
  const { passages } = await okJson(server.post(FIND, { query: "lamp burns", ...body }));
  return passages.map(({ source }: { source: string }) => source);
}

describe("a search of knowledge", () => {
  it("keeps to documents that meet a filter, and tells their metadata", async () => {
    await using opened = await openWith();
    const filter = { kind: "guide", year: { $gte: 2022 } };
    const { passages } = await okJson(opened.server.post(FIND, { query: "lamp", filter }));
    expect(passages).toMatchObject([{ source: "gas.txt", metadata: { year: 2024 } }]);
  });

  it("fuses by places or by scores", async () => {
    await using opened = await openWith();
    for (const fusion of ["rrf", "weighted"]) {
      const found = await sourcesOf(opened.server, { query: "whale oil", fusion });
      expect(found[0]).toBe("lamp.txt");
    }
  });

  it("has a rerank model put the best in order, unless told not to", async () => {
    const results = [
      { index: 2, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.4 },
    ];
    await using provider = await fake.fakeProvider(fake.json({ results }));
    await using opened = await openWith(provider.url);
    const plain = await sourcesOf(opened.server, { rerank: false });
    expect(provider.requests).toHaveLength(0);
    for (const rerank of [undefined, true, "ranker"]) {
      const found = await sourcesOf(opened.server, { rerank, limit: 2 });
      expect(found).toEqual([plain[2], plain[0]]);
    }
    expect(provider.requests).toHaveLength(3);
    const usage = await okJson(opened.server.get("/usage?group_by=model&model=ranker"));
    expect(usage.rows).toMatchObject([{ model: "ranker" }]);
  });

  it("goes on without a rerank model that fails, and says so", async () => {
    await using provider = await fake.fakeProvider(fake.json({ error: "no" }, { status: 500 }));
    await using opened = await openWith(provider.url);
    const found = await okJson(opened.server.post(FIND, { query: "whale oil" }));
    expect(found.passages[0]).toMatchObject({ source: "lamp.txt" });
    expect(found.warning).toMatch(/^Not reranked: .*ranker/);
  });

  it.each([
    [{ fusion: "best" }, /fusion/],
    [{ weights: { vector: 0, keyword: 0 } }, /weights/],
    [{ weights: { vector: -1 } }, /weights/],
    [{ filter: [] }, /filter/],
    [{ filter: { year: { $near: 3 } } }, /filter.*\$near/],
    [{ rerank: 5 }, /rerank/],
    [{ rerank: "no-such-model" }, /no-such-model/],
    [{ rerank: "demo" }, /demo.*rerank/],
  ])("names what is wrong with %j", async (body, problem) => {
    await using opened = await openWith();
    const { detail } = await refusal(opened.server.post(FIND, { query: "lamp", ...body }), 422);
    expect(detail).toMatch(problem);
  });
});
