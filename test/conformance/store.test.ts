import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("the store with the official SDK", () => {
  it("puts, gets, searches, lists and deletes", async () => {
    const { store } = client;
    await store.putItem(["users", "羚伊"], "prefs", { tea: "绿茶", cups: 2 });
    await store.putItem(["users", "ann"], "prefs", { tea: "Assam", cups: 5 }, { index: ["tea"] });
    const item = await store.getItem(["users", "羚伊"], "prefs");
    expect(item).toMatchObject({
      namespace: ["users", "羚伊"],
      key: "prefs",
      value: { tea: "绿茶", cups: 2 },
      createdAt: expect.stringMatching(/^\d{4}-/),
      updatedAt: expect.stringMatching(/^\d{4}-/),
    });
    expect(await store.getItem(["users", "nobody"], "prefs")).toBeNull();

    const many = await store.searchItems(["users"], { filter: { cups: { $gt: 3 } } });
    expect(many.items.map(({ namespace }) => namespace)).toEqual([["users", "ann"]]);
    const { items } = await store.searchItems(["users"], { query: "绿茶", limit: 5 });
    expect(items).toMatchObject([{ namespace: ["users", "羚伊"], score: 1 }]);

    const { namespaces } = await store.listNamespaces({ prefix: ["users"], maxDepth: 2 });
    expect(namespaces).toEqual([
      ["users", "ann"],
      ["users", "羚伊"],
    ]);
    await store.deleteItem(["users", "ann"], "prefs");
    expect(await store.getItem(["users", "ann"], "prefs")).toBeNull();
  });

  it("gives items a time to live", async () => {
    const { store } = client;
    await store.putItem(["mortal"], "k", {}, { ttl: 1 });
    server.advance(59_000);
    expect(await store.getItem(["mortal"], "k", { refreshTtl: true })).not.toBeNull();
    server.advance(59_000);
    expect(await store.getItem(["mortal"], "k", { refreshTtl: false })).not.toBeNull();
    server.advance(1000);
    expect(await store.getItem(["mortal"], "k")).toBeNull();
  });
});
