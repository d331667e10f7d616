import { describe, expect, it } from "vitest";
import { ConflictError } from "../../src/core/errors.ts";
import type { AssistantSort } from "../../src/domain/assistant.ts";
import type { Page } from "../../src/domain/page.ts";
import { sampleAssistant } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const page: Page<AssistantSort> = { limit: 10, offset: 0, sort_by: "name", sort_order: "asc" };

export function assistantsContract(subject: Subject): void {
  describe("assistants", () => {
    it("keeps every field of a system assistant", async () => {
      const chat = sampleAssistant("chat", {
        description: "Chats",
        config: { tags: ["a"] },
        context: { model: "demo" },
        version: 3,
      });
      await subject().assistants.syncSystem([chat]);
      expect(await subject().assistants.find("chat")).toEqual(chat);
      expect(await subject().assistants.find("other")).toBeUndefined();
    });

    it("replaces the system assistants, keeping when they were made", async () => {
      const { assistants } = subject();
      await assistants.syncSystem([sampleAssistant("chat"), sampleAssistant("old")]);
      await assistants.syncSystem([
        sampleAssistant("chat", { name: "Chat", created_at: 9, updated_at: 9 }),
        sampleAssistant("new"),
      ]);
      const { rows, total } = await assistants.search({}, page);
      expect(rows.map(({ assistant_id }) => assistant_id)).toEqual(["chat", "new"].toSorted());
      expect(total).toBe(2);
      expect(await assistants.find("chat")).toMatchObject({
        name: "Chat",
        created_at: 1,
        updated_at: 9,
      });
    });

    it("removes all when there are no graphs", async () => {
      const { assistants } = subject();
      await assistants.syncSystem([sampleAssistant("chat")]);
      await assistants.syncSystem([]);
      expect(await assistants.search({}, page)).toEqual({ rows: [], total: 0 });
    });

    it("searches by graph, part of the name in any case, and metadata", async () => {
      const { assistants } = subject();
      await assistants.syncSystem([
        sampleAssistant("a", { name: "Ärger 100%", metadata: { team: { id: 1 } } }),
        sampleAssistant("b", { name: "Ruhe", graph_id: "g" }),
      ]);
      const idsOf = async (filter: Parameters<typeof assistants.search>[0]) =>
        (await assistants.search(filter, page)).rows.map(({ assistant_id }) => assistant_id);
      expect(await idsOf({ graph_id: "g" })).toEqual(["b"]);
      expect(await idsOf({ name: "äRGER" })).toEqual(["a"]);
      expect(await idsOf({ name: "%" })).toEqual(["a"]);
      expect(await idsOf({ name: "_" })).toEqual([]);
      expect(await idsOf({ metadata: { team: { id: 1 } } })).toEqual(["a"]);
      expect(await idsOf({ graph_id: "g", name: "Ärger" })).toEqual([]);
    });

    it("pages in the order asked for and counts all", async () => {
      const { assistants } = subject();
      await assistants.syncSystem(["a", "b", "c"].map((id) => sampleAssistant(id)));
      const found = await assistants.search(
        {},
        { ...page, limit: 1, offset: 1, sort_order: "desc" },
      );
      expect(found.rows.map(({ name }) => name)).toEqual(["b"]);
      expect(found.total).toBe(3);
    });

    describe("of a client's own", () => {
      const own = sampleAssistant("own", {
        graph_id: "chat",
        config: { tags: ["a"] },
        metadata: { owner: "me", color: "red" },
      });

      it("are kept with a first version, and refused when the id is taken", async () => {
        const { assistants } = subject();
        await assistants.create(own);
        expect(await assistants.find("own")).toEqual(own);
        const { updated_at: _at, ...first } = own;
        expect(await assistants.versions("own", { limit: 10, offset: 0 })).toEqual([first]);
        await expect(assistants.create({ ...own, name: "other" })).rejects.toThrow(ConflictError);
        expect((await assistants.find("own"))?.name).toBe("own");
      });

      it("get a new version by a patch, and an earlier one back", async () => {
        const { assistants } = subject();
        await assistants.create(own);
        const second = await assistants.patch("own", {
          config: { recursion_limit: 5 },
          metadata: { color: "blue" },
          now: 7,
        });
        expect(second).toEqual({
          ...own,
          config: { recursion_limit: 5 },
          metadata: { owner: "me", color: "blue" },
          version: 2,
          updated_at: 7,
        });
        expect(await assistants.setLatest("own", { version: 1, now: 8 })).toEqual({
          ...own,
          updated_at: 8,
        });
        // The next version is no repetition of the second.
        expect(await assistants.patch("own", { name: "third", now: 9 })).toMatchObject({
          version: 3,
          name: "third",
          config: own.config,
        });
        const numbers = async (query: object) =>
          (await assistants.versions("own", { limit: 10, offset: 0, ...query })).map(
            ({ version }) => version,
          );
        expect(await numbers({})).toEqual([3, 2, 1]);
        expect(await numbers({ limit: 1, offset: 1 })).toEqual([2]);
        expect(await numbers({ metadata: { color: "red" } })).toEqual([3, 1]);
        expect(await assistants.setLatest("own", { version: 4, now: 9 })).toBeUndefined();
        expect((await assistants.find("own"))?.version).toBe(3);
      });

      it("stay with whom they belong to when an earlier version comes back", async () => {
        const { assistants } = subject();
        await assistants.create({ ...own, metadata: { owner: "ann", note: "old" } });
        await assistants.patch("own", { metadata: { owner: "bob", note: "new" }, now: 2 });
        const access = { has: { owner: "bob" } };
        const latest = await assistants.setLatest("own", { version: 1, now: 3, access });
        expect(latest).toMatchObject({ version: 1, metadata: { owner: "bob", note: "old" } });
        expect(await assistants.find("own", access)).toEqual(latest);
        await assistants.create({ ...own, assistant_id: "early", metadata: { note: "old" } });
        await assistants.patch("early", { metadata: { owner: "bob" }, now: 2 });
        await assistants.setLatest("early", { version: 1, now: 3, access });
        expect((await assistants.find("early"))?.metadata).toEqual({ owner: "bob", note: "old" });
      });

      it("number their versions one by one however many patches come at once", async () => {
        const { assistants } = subject();
        await assistants.create(own);
        const patched = await Promise.all(
          ["a", "b", "c", "d"].map((name) => assistants.patch("own", { name, now: 2 })),
        );
        expect(new Set(patched.map((one) => one?.version))).toEqual(new Set([2, 3, 4, 5]));
      });

      it("are changed by nobody who may not see them, and system ones by none", async () => {
        const { assistants } = subject();
        await assistants.syncSystem([sampleAssistant("chat")]);
        await assistants.create(own);
        const access = { has: { owner: "you" } };
        expect(await assistants.patch("own", { name: "x", now: 2, access })).toBeUndefined();
        expect(await assistants.setLatest("own", { version: 1, now: 2, access })).toBeUndefined();
        expect(await assistants.delete("own", access)).toBe(false);
        expect(await assistants.count({ access })).toBe(1);
        expect(await assistants.patch("chat", { name: "x", now: 2 })).toBeUndefined();
        expect(await assistants.setLatest("chat", { version: 1, now: 2 })).toBeUndefined();
        expect(await assistants.delete("chat")).toBe(false);
        expect(await assistants.find("own")).toEqual(own);
        expect(await assistants.count({})).toBe(2);
      });

      it("go with their versions, while those of the system stay", async () => {
        const { assistants } = subject();
        await assistants.syncSystem([sampleAssistant("chat")]);
        await assistants.create(own);
        expect(await assistants.delete("own")).toBe(true);
        expect(await assistants.delete("own")).toBe(false);
        expect(await assistants.versions("own", { limit: 10, offset: 0 })).toEqual([]);
        expect(await assistants.versions("chat", { limit: 10, offset: 0 })).toHaveLength(1);
      });

      it("outlive a change of the graphs", async () => {
        const { assistants } = subject();
        await assistants.syncSystem([sampleAssistant("old")]);
        await assistants.create(own);
        await assistants.syncSystem([sampleAssistant("new")]);
        expect(await assistants.find("own")).toEqual(own);
        expect(await assistants.versions("own", { limit: 10, offset: 0 })).toHaveLength(1);
        expect(await assistants.versions("old", { limit: 10, offset: 0 })).toEqual([]);
      });
    });
  });
}
