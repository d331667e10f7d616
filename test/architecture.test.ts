import { describe, expect, it } from "vitest";

import { MAY_IMPORT, TOP_UNITS } from "./repository/architecture-rules.ts";
import { checkArchitecture } from "./repository/check-architecture.ts";
import { readSourceTree } from "./repository/source-files.ts";

const problemsOf = (files: Record<string, string>) =>
  checkArchitecture(new Map(Object.entries(files)));

describe("the source", () => {
  it("keeps the import rules", () => {
    const tree = readSourceTree(["src", "graphs"]);
    expect(tree.size).toBeGreaterThan(4);
    expect(checkArchitecture(tree)).toEqual([]);
  });
});

const UNITS = [...Object.keys(MAY_IMPORT), ...TOP_UNITS];
const fileOf = (unit: string) => (unit === "graphs" ? "graphs/x.ts" : `src/${unit}/x.ts`);
const forbiddenPairs = UNITS.flatMap((from) =>
  UNITS.filter(
    (to) => from !== to && !TOP_UNITS.includes(from) && !MAY_IMPORT[from]?.includes(to),
  ).map((to) => ({ from, to })),
);

describe("the checker", () => {
  it("refuses every pair of units that is not listed", () => {
    expect(forbiddenPairs.length).toBeGreaterThan(300);
    for (const { from, to } of forbiddenPairs) {
      const source = `import { a } from "${from === "graphs" ? ".." : "../.."}/${fileOf(to)}";`;
      expect(problemsOf({ [fileOf(from)]: source })).toEqual([
        `${fileOf(from)}: ${from} may not import ${fileOf(to)}`,
      ]);
    }
  });

  it.each([
    ["a re-export", `export * from "../storage/x.ts";`],
    ["a dynamic import", `const x = await import("../storage/x.ts");`],
    ["a bare import", `import "../storage/x.ts";`],
    ["an import over several lines", `import {\n  a,\n  b as c,\n} from "../storage/x.ts";`],
    ["a default import", `import a, { b } from "../storage/x.ts";`],
    ["a type import", `import type { A } from "../storage/x.ts";`],
  ])("sees %s", (_, source) => {
    expect(problemsOf({ "src/http/a.ts": source })).toHaveLength(1);
  });

  it.each([
    ["the types of ports", "src/services/a.ts", `import type { Runs } from "../storage/ports.ts";`],
    ["types in context", "src/context.ts", `import type { Bus } from "./bus/database.ts";`],
    ["its own unit", "src/http/a.ts", `import { b } from "./routes/b.ts";`],
    ["what is below it", "src/http/a.ts", `import { b } from "../services/b.ts";`],
    [
      "anything in container",
      "src/container.ts",
      `import { b } from "./storage/drivers/index.ts";`,
    ],
    ["comments", "src/http/a.ts", `/** import { b } from "../storage/b.ts" */\n// Date.now()`],
  ])("allows %s", (_, file, source) => {
    expect(problemsOf({ [file]: source })).toEqual([]);
  });

  it.each([
    ["the value of a port", "src/services/a.ts", `import { Runs } from "../storage/ports.ts";`],
    ["values in context", "src/context.ts", `import { bus } from "./bus/database.ts";`],
    ["LangChain in http", "src/http/a.ts", `import { x } from "@langchain/core/messages";`],
    ["LangChain in storage", "src/storage/a.ts", `import { x } from "langchain";`],
    ["openai in services", "src/services/a.ts", `import OpenAI from "openai";`],
    ["hono in services", "src/services/a.ts", `import type { Context } from "hono";`],
    ["hono's server in worker", "src/worker/a.ts", `import { serve } from "@hono/node-server";`],
    ["node:sqlite in services", "src/services/a.ts", `import { DatabaseSync } from "node:sqlite";`],
    ["kysely in http", "src/http/a.ts", `import type { Kysely } from "kysely";`],
    ["process.env outside settings", "src/core/a.ts", `const x = process.env["HOME"];`],
    ["env of node:process", "src/core/a.ts", `import { env } from "node:process";`],
    ["Date.now", "src/core/a.ts", `const t = Date.now();`],
    ["new Date of now", "src/core/a.ts", `const t = new Date();`],
    ["a file outside the units", "src/odd/a.ts", `import { a } from "../core/a.ts";`],
  ])("refuses %s", (_, file, source) => {
    expect(problemsOf({ [file]: source })).toHaveLength(1);
  });

  it("leaves a Date made from a given time alone", () => {
    expect(problemsOf({ "src/core/a.ts": `const t = new Date(ms).toISOString();` })).toEqual([]);
  });

  it("follows graphkit to a database through other files", () => {
    const problems = problemsOf({
      "src/graphkit.ts": `export { a } from "./models/a.ts";`,
      "src/models/a.ts": `const b = () => import("../models/b.ts");`,
      "src/models/b.ts": `import { DatabaseSync } from "node:sqlite";`,
    });
    expect(problems).toContain(
      "graphkit runs without a database: src/graphkit.ts -> src/models/a.ts -> src/models/b.ts -> node:sqlite",
    );
  });

  it("follows the start to LangChain, but not past a dynamic import", () => {
    const problems = problemsOf({
      "src/cli/main.ts": `import { start } from "../main.ts";\nimport("../runtime/b.ts");`,
      "src/main.ts": `import { a } from "./runtime/a.ts";`,
      "src/runtime/a.ts": `import { x } from "@langchain/langgraph";`,
      "src/runtime/b.ts": `import { x } from "@langchain/openai";`,
    });
    expect(problems).toEqual([
      "the server answers before LangChain is loaded: src/main.ts -> src/runtime/a.ts -> @langchain/langgraph",
    ]);
  });
});
