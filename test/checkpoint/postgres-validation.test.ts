import * as vitest from "vitest";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { describeWithPostgres, freshDatabase, type FreshDatabase } from "../support/postgres.ts";

// The suite takes vitest's functions from the global scope.
Object.assign(globalThis, vitest);
const { deltaChannelHistoryTests, specTest } =
  await import("@langchain/langgraph-checkpoint-validation");

const opened = new Map<FencedSaver, { storage: Storage; database: FreshDatabase }>();

const onPostgres = {
  checkpointerName: "FencedSaver on Postgres",
  async createCheckpointer() {
    const database = await freshDatabase();
    const storage = await openStorage({ databaseUrl: database.url });
    const saver = new FencedSaver(storage.checkpoints);
    opened.set(saver, { storage, database });
    return saver;
  },
  async destroyCheckpointer(saver: FencedSaver) {
    const { storage, database } = opened.get(saver) ?? {};
    await storage?.close();
    await database?.[Symbol.asyncDispose]();
  },
};

describeWithPostgres("the official suite", () => {
  specTest(onPostgres);
  deltaChannelHistoryTests(onPostgres);
});
