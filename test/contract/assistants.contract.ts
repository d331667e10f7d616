import { describe, expect, it } from "vitest";
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
  });
}
