import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readLanggraphFile } from "../../src/config/langgraph-file.ts";
import { webhookRules } from "../../src/config/webhook-rules.ts";
import { project } from "../support/project.ts";

function read(fields: object) {
  using folder = project(fields);
  return readLanggraphFile(folder.langgraph);
}

const rules = (webhooks: object, env: Record<string, string> = {}) =>
  webhookRules(read({ webhooks }), { allowedHosts: "", env });

describe("langgraph.json", () => {
  it("names graphs with descriptions and gives variables", () => {
    const graphs = { a: "./a.ts:graph", b: { path: "./b.ts:build", description: "The second." } };
    const file = read({ graphs, env: { KEY: "value" } });
    const folder = dirname(file.path);
    expect(file.graphs).toEqual([
      { graph_id: "a", file: join(folder, "a.ts"), exportName: "graph", description: null },
      {
        graph_id: "b",
        file: join(folder, "b.ts"),
        exportName: "build",
        description: "The second.",
      },
    ]);
    expect(file.env).toEqual({ KEY: "value" });
  });

  it("reads the variables of a file", () => {
    using folder = project({ env: "my.env" }, { "my.env": "A=1\nB='two'\n" });
    expect(readLanggraphFile(folder.langgraph).env).toEqual({ A: "1", B: "two" });
  });

  it("describes the store, whose index is a model or a function", () => {
    const index = { dims: 8, embed: "demo-embedding" };
    const ttl = { default_ttl: 60, refresh_on_read: false, sweep_interval_minutes: 5 };
    expect(read({ store: { index, ttl } }).store).toEqual({
      index: { dims: 8, embed: "demo-embedding", fields: ["$"] },
      defaultTtl: 60,
      refreshOnRead: false,
      sweepMinutes: 5,
    });
    const file = read({ store: { index: { dims: 8, embed: "./e.ts:embed", fields: ["a.b"] } } });
    expect(file.store.index).toEqual({
      dims: 8,
      embed: { file: join(dirname(file.path), "e.ts"), exportName: "embed" },
      fields: ["a.b"],
    });
    expect(read({}).store).toMatchObject({ index: undefined, refreshOnRead: true });
  });

  it("takes both spellings of the header policy", () => {
    const policy = { include: ["x-*"], exclude: ["x-secret"] };
    const other = { includes: ["x-*"], excludes: ["x-secret"] };
    for (const configurable_headers of [policy, other])
      expect(read({ http: { configurable_headers } }).http.configurableHeaders).toEqual(policy);
  });

  it("names what it does not honour, with what was probably meant, and goes on", () => {
    const { ignored } = read({
      graps: {},
      stroe: {},
      node_version: "24",
      http: { disable_stroe: true, cors: { allow_origin: ["*"] } },
      checkpointer: { backend: "mongo", ttl: { stategy: "delete" } },
    });
    expect(ignored.toSorted()).toEqual([
      "checkpointer.backend",
      'checkpointer.ttl.stategy (did you mean "strategy"?)',
      'graps (did you mean "graphs"?)',
      'http.cors.allow_origin (did you mean "allow_origins"?)',
      'http.disable_stroe (did you mean "disable_store"?)',
      'stroe (did you mean "store"?)',
    ]);
  });

  it.each([
    [
      "a file without an export",
      { http: { app: "./app.ts" } },
      /http\.app: expected "file:export"/,
    ],
    [
      "a pattern that is none",
      { http: { cors: { allow_origin_regex: "(" } } },
      /http\.cors\.allow/,
    ],
    ["a prefix that is no path", { http: { mount_prefix: "agents/" } }, /http\.mount_prefix/],
    ["no dims", { store: { index: { embed: "x" } } }, /store\.index\.dims/],
    ["a time that is none", { store: { ttl: { default_ttl: -1 } } }, /store\.ttl\.default_ttl/],
  ])("refuses %s, naming the key", (_, fields, message) => {
    expect(() => read(fields)).toThrow(message);
  });
});

describe("webhooks of langgraph.json", () => {
  it("puts variables with the prefix into headers", () => {
    const headers = { Authorization: "Bearer ${{ env.LG_WEBHOOK_TOKEN }}-${{env.LG_WEBHOOK_ID}}" };
    const env = { LG_WEBHOOK_TOKEN: "t", LG_WEBHOOK_ID: "7" };
    expect(rules({ headers }, env).headers).toEqual({ authorization: "Bearer t-7" });
    const own = { env_prefix: "MINE_", headers: { a: "${{ env.MINE_A }}" } };
    expect(rules(own, { MINE_A: "x" }).headers).toEqual({ a: "x" });
  });

  it.each([
    [
      "another variable",
      "${{ env.OPENAI_API_KEY }}",
      /OPENAI_API_KEY does not start with LG_WEBHOOK_/,
    ],
    ["one that is not set", "${{ env.LG_WEBHOOK_NO }}", /LG_WEBHOOK_NO is not set/],
    ["another template", "${{ secrets.X }}", /webhooks\.headers\.a: expected/],
  ])("refuses %s", (_, a, message) => {
    expect(() => rules({ headers: { a } }, { OPENAI_API_KEY: "sk" })).toThrow(message);
  });
});
