import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelsTable } from "../../src/cli/models-table.ts";
import { loadModels } from "../../src/models/registry.ts";

const SHIPPED = new URL("../../config/models", import.meta.url).pathname;

describe("loadModels", () => {
  it("uses the demo until a key is set, then the first model by file name", async () => {
    expect((await loadModels({ dir: SHIPPED, env: {} })).defaultId).toBe("demo");
    const env = { DASHSCOPE_API_KEY: "test-key-1", SILICONFLOW_API_KEY: "test-key-2" };
    expect((await loadModels({ dir: SHIPPED, env })).defaultId).toBe("qwen3-4b");
    expect((await loadModels({ dir: SHIPPED, env, defaultModel: "glm" })).defaultId).toBe("glm");
    await expect(loadModels({ dir: SHIPPED, env, defaultModel: "gml" })).rejects.toThrow(
      'did you mean "glm"',
    );
  });

  it("has the demo model where there is no folder", async () => {
    const models = await loadModels({ dir: join(SHIPPED, "none"), env: {} });
    expect(models.list()).toMatchObject([{ id: "demo", state: "ready", dialect: "demo" }]);
  });

  it("lists why a model is unavailable, and calls it once its key is there", async () => {
    const env: Record<string, string> = {};
    const models = await loadModels({ dir: SHIPPED, env });
    const state = () => models.list().find(({ id }) => id === "glm");
    expect(state()).toMatchObject({
      state: "unavailable",
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

  it("is honest about models and switches that are not served yet", async () => {
    const dir = mkdtempSync(join(tmpdir(), "kagari-registry-"));
    const write = (name: string, fields: object) =>
      writeFileSync(
        join(dir, name),
        JSON.stringify({ model: "m", url: "http://127.0.0.1:1/v1", ...fields }),
      );
    write("a.json", { model_type: "embedding" });
    write("b.json", { url: "https://api.deepseek.com", no_think: true, budget: { per_day: 1 } });
    write("c.json", { enabled: false });
    write("d.json", { api_key: "literal-test-key" });
    const models = await loadModels({ dir, env: {} });
    rmSync(dir, { recursive: true });

    expect(models.list()).toMatchObject([
      { id: "a", state: "unavailable", reason: "embedding models are not served yet" },
      { id: "b", state: "ready", thinking: "not switchable here", unhonoured: ["budget"] },
      { id: "c", state: "unavailable" },
      { id: "d", state: "ready", warnings: [expect.stringContaining("api_key")] },
      { id: "demo" },
    ]);
    const table = modelsTable(models.list(), models.defaultId);
    expect(table).toContain("b *");
    expect(table).toContain("b: accepted but not acted on yet: budget");
    expect(table).toContain("demo: an offline demo, no language model");
    expect(table + JSON.stringify(models.list())).not.toContain("literal-test-key");
  });
});
