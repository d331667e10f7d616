import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDataset } from "../../src/cli/eval/dataset.ts";
import { evalReport } from "../../src/cli/eval/report.ts";
import { readRetrievalSet } from "../../src/cli/eval/retrieval-set.ts";
import { runEval } from "../../src/cli/eval/run-eval.ts";
import { runRetrieval } from "../../src/cli/eval/run-retrieval.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, REPOSITORY } from "../support/test-server.ts";

const DATASET = join(REPOSITORY, "test", "evals", "basic.jsonl");
const FLAGS = { graph: "chat", models: [], prompts: [], atOnce: 4 };
const SETTINGS = { config: OWN_GRAPHS, local_models: "off" };

describe("kagari eval", () => {
  it("passes the data set in Chinese and English on the demo model", async () => {
    const results = await runEval(DATASET, FLAGS, { ...SETTINGS, default_model: "demo" });
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results).toHaveLength(readDataset(DATASET).length);
  });

  it("compares models by grades, cost and latency; a failed run is a failed case", async () => {
    await using provider = await fake.fakeProvider(fake.text("it is 84"));
    await using broken = await fake.fakeProvider(fake.json({ error: "no" }, { status: 400 }));
    using folder = tempFolder();
    const file = join(folder.path, "set.jsonl");
    const models = { good: provider.url, bad: broken.url };
    for (const [id, url] of Object.entries(models)) {
      const fields = { model: "fake", url, api_key: "key-of-the-provider", retries: 0 };
      const prices = { pay_in: 1, pay_out: 10, currency: "CNY" };
      writeFileSync(join(folder.path, `${id}.json`), JSON.stringify({ ...fields, ...prices }));
    }
    const one = { id: "sum", input: "12*7", graders: [{ type: "contains", all: ["84"] }] };
    writeFileSync(file, JSON.stringify(one));
    const flags = { ...FLAGS, models: ["good", "bad"] };
    const results = await runEval(file, flags, { ...SETTINGS, models_dir: folder.path });
    expect(results).toMatchObject([
      { variant: "good", passed: true, answer: "it is 84", costMicros: { CNY: 81 } },
      { variant: "bad", passed: false, reason: expect.stringContaining("failed: ") },
    ]);
    const report = evalReport(results);
    expect(report).toMatch(/^case +good +bad\nsum +pass \d+ ms 0\.000081 CNY +FAIL/);
    expect(report).toMatch(/good +1\/1 \(100 %\) +0\.000081 CNY/);
    expect(report).toMatch(/bad +0\/1 \(0 %\)/);
  });

  it.each([
    ["{", /set\.jsonl, line 1: expected JSON/],
    ['{"input":"x","graders":[]}', /line 1: .*graders/],
    ['{"input":"x","graders":[{"type":"fuzzy"}]}', /line 1: /],
    ["", /expected a case on each line/],
  ])("names file and line of %j", (text, problem) => {
    using folder = tempFolder();
    const file = join(folder.path, "set.jsonl");
    writeFileSync(file, text);
    expect(() => readDataset(file)).toThrow(problem);
  });
});

describe("kagari eval --retrieval", () => {
  const RETRIEVAL = join(REPOSITORY, "test", "evals", "retrieval.jsonl");

  it("measures each way of searching in Chinese and English", async () => {
    const settings = { ...SETTINGS, models_dir: join(REPOSITORY, "config", "models") };
    const { figures, costs, warnings } = await runRetrieval(RETRIEVAL, settings);
    expect(warnings).toEqual([]);
    const ways = ["vector", "keyword", "fused, rrf", "fused, weighted", "reranked"];
    expect(Object.keys(costs)).toEqual(["ingest", ...ways]);
    const found = figures.map(({ way, language }) => `${way} ${language}`).toSorted();
    expect(found).toEqual(ways.flatMap((way) => [`${way} en`, `${way} zh`]).toSorted());
    for (const { recall, questions } of figures) {
      expect(questions).toBe(36);
      expect(recall[10]).toBeGreaterThanOrEqual(recall[1] ?? 1);
    }
    const both = figures.filter(({ way }) => way !== "vector");
    for (const { recall } of both) expect(recall[10]).toBeGreaterThan(0.8);
  });

  it.each([
    ['{"passage":"a","language":"en"}', /set\.jsonl, line 1: /],
    ['{"passage":"a","language":"en","text":"x"}', /expected questions/],
    ['{"question":"?","language":"en","relevant":["a"]}', /line 1: there is no passage a/],
  ])("names file and line of %j", (text, problem) => {
    using folder = tempFolder();
    const file = join(folder.path, "set.jsonl");
    writeFileSync(file, text);
    expect(() => readRetrievalSet(file)).toThrow(problem);
  });
});
