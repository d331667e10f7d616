import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelsTable } from "../../src/cli/models-table.ts";
import { openModels } from "../../src/models/catalog.ts";

const SHIPPED = new URL("../../config/models", import.meta.url).pathname;

describe("openModels", () => {
  it("uses the demo until a key is set, then the first model by file name", () => {
    expect(openModels({ dir: SHIPPED, env: {} }).defaultId).toBe("demo");
    const env = { DASHSCOPE_API_KEY: "test-key-1", SILICONFLOW_API_KEY: "test-key-2" };
    expect(openModels({ dir: SHIPPED, env }).defaultId).toBe("qwen3-4b");
    expect(openModels({ dir: SHIPPED, env, defaultModel: "glm" }).defaultId).toBe("glm");
    expect(() => openModels({ dir: SHIPPED, env, defaultModel: "gml" })).toThrow(
      'did you mean "glm"',
    );
  });

  it("has the demo model where there is no folder", () => {
    const models = openModels({ dir: join(SHIPPED, "none"), env: {} });
    expect(models.list()).toMatchObject([{ id: "demo", state: "ready", dialect: "demo" }]);
  });

  it("lists why a model is unavailable, and calls it once its key is there", () => {
    const env: Record<string, string> = {};
    const models = openModels({ dir: SHIPPED, env });
    const state = () => models.list().find(({ id }) => id === "glm");
    expect(state()).toMatchObject({
      state: "no key",
      reason: expect.stringContaining("ZHIPU_API_KEY"),
    });
    env["ZHIPU_API_KEY"] = "test-key-1";
    expect(state()).toMatchObject({
      state: "ready",
      dialect: "zhipu",
      currency: "CNY",
      thinking: "off",
    });
  });

  it("is honest about models and switches that are not served yet", () => {
    const dir = mkdtempSync(join(tmpdir(), "kagari-registry-"));
    const write = (name: string, fields: object) =>
      writeFileSync(
        join(dir, name),
        JSON.stringify({ model: "m", url: "http://127.0.0.1:1/v1", ...fields }),
      );
    write("a.json", { model_type: "rerank", dialect: "ollama" });
    write("b.json", { no_think: true, budget: { per_day: 1 } });
    write("c.json", { enabled: false });
    write("d.json", { api_key: "literal-test-key" });
    const models = openModels({ dir, env: {} });
    rmSync(dir, { recursive: true });

    expect(models.list()).toMatchObject([
      { id: "a", state: "not served", reason: "ollama has no rerank models" },
      { id: "b", state: "ready", thinking: "not switchable here" },
      { id: "c", state: "disabled" },
      { id: "d", state: "ready", warnings: [expect.stringContaining("api_key")] },
      { id: "demo" },
    ]);
    const table = modelsTable({ models: models.list(), defaultId: models.defaultId });
    expect(table).toContain("b *");
    expect(table).toContain("a: ollama has no rerank models");
    expect(table).toContain("demo: an offline demo, no language model");
    expect(table + JSON.stringify(models.list())).not.toContain("literal-test-key");
  });
});
