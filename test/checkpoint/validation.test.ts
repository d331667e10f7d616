import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vitest from "vitest";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";

// The suite takes vitest's functions from the global scope.
Object.assign(globalThis, vitest);
const { deltaChannelHistoryTests, specTest } =
  await import("@langchain/langgraph-checkpoint-validation");

function initializer(checkpointerName: string, dataDirOf: () => string) {
  const opened = new Map<FencedSaver, { storage: Storage; dataDir: string }>();
  return {
    checkpointerName,
    async createCheckpointer() {
      const dataDir = dataDirOf();
      const storage = await openStorage({ dataDir, synchronous: "normal" });
      const saver = new FencedSaver(storage.checkpoints);
      opened.set(saver, { storage, dataDir });
      return saver;
    },
    async destroyCheckpointer(saver: FencedSaver) {
      const { storage, dataDir } = opened.get(saver) ?? {};
      await storage?.close();
      if (dataDir !== undefined && dataDir !== ":memory:") rmSync(dataDir, { recursive: true });
    },
  };
}

const suites = [
  initializer("FencedSaver in memory", () => ":memory:"),
  initializer("FencedSaver on a file", () => mkdtempSync(join(tmpdir(), "kagari-saver-"))),
];

for (const suite of suites) {
  specTest(suite);
  deltaChannelHistoryTests(suite);
}
