import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { okJson, refusal } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

const as = (name: string) => ({ authorization: `Bearer user:${name}` });

async function withHandlers(name: string, use: (server: TestServer) => Promise<void>) {
  const file = fileURLToPath(new URL(`../support/auth/${name}.ts`, import.meta.url));
  using folder = project({ auth: { path: `${file}:auth` } });
  await using server = await testServer({ langgraph: folder.langgraph });
  await use(server);
}

const item = { namespace: ["notes"], key: "k", value: { text: "灯火" } };
const GET = "/store/items?namespace=notes&key=k";

describe("the store and auth handlers", () => {
  it("go to the namespace that a handler makes of the one asked for", async () => {
    await withHandlers("namespaces", async (server) => {
      expect((await server.put("/store/items", item, as("ann"))).status).toBe(204);
      expect(await okJson(server.get(GET, as("ann")))).toMatchObject({
        namespace: ["ann", "notes"],
      });
      expect(await okJson(server.get(GET, as("bob")))).toBeNull();
      const search = (name: string) =>
        okJson(server.post("/store/items/search", { query: "灯火" }, as(name)));
      expect((await search("ann")).items).toHaveLength(1);
      expect((await search("bob")).items).toEqual([]);
      const namespaces = (name: string) => okJson(server.post("/store/namespaces", {}, as(name)));
      expect(await namespaces("ann")).toEqual({ namespaces: [["ann", "notes"]] });
      expect(await namespaces("bob")).toEqual({ namespaces: [] });
      const body = JSON.stringify({ namespace: ["notes"], key: "k" });
      const remove = (name: string) =>
        server.request("/store/items", { method: "DELETE", body, headers: as(name) });
      expect((await remove("bob")).status).toBe(204);
      expect(await okJson(server.get(GET, as("ann")))).not.toBeNull();
      expect((await remove("ann")).status).toBe(204);
      expect(await okJson(server.get(GET, as("ann")))).toBeNull();
    });
  });

  it("refuse what a handler refuses, and whoever is not known", async () => {
    await withHandlers("namespaces", async (server) => {
      const secret = { ...item, namespace: ["private"] };
      await refusal(server.put("/store/items", secret, as("ann")), 403);
      const { status } = await server.put("/store/items", item);
      expect(status).toBe(401);
    });
  });

  it("refuse a handler that answers a filter, which items cannot meet", async () => {
    await withHandlers("owners", async (server) => {
      const answer = await refusal(server.put("/store/items", item, as("ann")), 403);
      expect(answer.detail).toContain("value.namespace");
    });
  });
});
