import { describe, expect, it } from "vitest";
import { knowledgeBase } from "../../src/knowledge/knowledge-base.ts";
import type { Embed } from "../../src/knowledge/port.ts";
import { MemoryVectors } from "../../src/knowledge/vectors.ts";
import type { KnowledgeRows, NewChunk } from "../../src/storage/knowledge-port.ts";

const PLACE = { collection: "shop", source: "long.txt", content_type: "text/plain" };

/** A document of so many chunks that several calls embed it. */
const long = (chunks: number) => ({
  ...PLACE,
  hash: `${chunks}`,
  read: async () =>
    Array.from({ length: chunks }, (_, at) => ({ text: `w${at}`, first_line: at, last_line: at })),
});

/** Embeds until so many texts were embedded in all, then fails. */
function counted(limit: number, model = "letters") {
  const texts: string[] = [];
  const embed: Embed = async (more) => {
    if (texts.length + more.length > limit) throw new Error("the model died");
    texts.push(...more);
    return { model, vectors: more.map(() => [1, 0]) };
  };
  return { embed, texts };
}

/** Documents that break off while they are written, and collections that go while they are large. */
export function knowledgeDraftsContract(subject: () => KnowledgeRows): void {
  const open = () => {
    const rows = subject();
    const clock = { now: () => 1 };
    return {
      rows,
      base: knowledgeBase({ rows, clock, vectors: new MemoryVectors(rows, { maxBytes: 0 }) }),
    };
  };
  const page = { collection: "shop", limit: 10, offset: 0 };

  describe("a document that breaks off", () => {
    it("is not shown, and goes on without paying again for what was embedded", async () => {
      const { base } = open();
      await expect(base.ingest("", long(450), counted(400).embed)).rejects.toThrow("died");
      expect(await base.documents("", page)).toEqual([]);

      const rest = counted(1000);
      const progress: number[] = [];
      const onProgress = (done: number) => void progress.push(done);
      const kept = await base.ingest("", { ...long(450), onProgress }, rest.embed);
      expect(kept).toMatchObject({ status: "created", chunks: 450, model: "letters" });
      expect(rest.texts).toEqual(Array.from({ length: 50 }, (_, at) => `w${400 + at}`));
      expect(progress).toEqual([450]);
      const found = await base.search(
        "",
        { collection: "shop", query: "w3 w449", limit: 10 },
        {
          embed: rest.embed,
          rerank: async () => [],
          isReranked: false,
        },
      );
      expect(found.passages.map(({ text }) => text)).toContain("w449");
    });

    it("begins anew with another model, or when it has changed", async () => {
      const { base } = open();
      await expect(base.ingest("", long(450), counted(200).embed)).rejects.toThrow("died");
      const other = counted(1000, "other");
      expect(await base.ingest("", long(450), other.embed)).toMatchObject({ model: "other" });
      expect(new Set(other.texts).size).toBe(450);
      await expect(base.ingest("", long(460), counted(200).embed)).rejects.toThrow("died");
      const changed = counted(1000);
      await base.ingest("", long(470), changed.embed);
      expect(changed.texts).toHaveLength(470);
      expect(await base.documents("", page)).toMatchObject([{ chunks: 470 }]);
    });

    it("belongs to whoever went on with it last: the one before adds nothing more", async () => {
      const { base, rows } = open();
      await expect(base.ingest("", long(450), counted(200).embed)).rejects.toThrow("died");
      const at = { owner: "", collection: "shop", document_id: "", hash: "450", chunks: 450 };
      const value = { chunk: 449, text: "x", first_line: 1, last_line: 1 };
      const chunk: NewChunk = { value, words: " x", vector: Float32Array.of(1, 0) };
      const { document_id } = await base.ingest("", long(1), counted(1).embed);
      const first = await rows.resume({ ...at, document_id }, [], 1);
      expect(first).toMatchObject({ done: 200, model: "letters" });
      const busy = [first?.document_no ?? 0];
      expect(await rows.resume({ ...at, document_id }, busy, 1)).toBeUndefined();
      const second = await rows.resume({ ...at, document_id }, [], 1);
      expect(await rows.addChunks(first?.document_no ?? 0, [chunk], 1)).toBe(false);
      expect(await rows.publish(first?.document_no ?? 0, 1)).toBe(false);
      expect(await rows.addChunks(second?.document_no ?? 0, [chunk], 1)).toBe(true);
    });
  });

  describe("a collection that is deleted", () => {
    it("is gone at once, then cleared away in pieces; a new one of its name is another", async () => {
      const { base, rows } = open();
      const sources = Array.from({ length: 120 }, (_, at) => `${at}.txt`);
      for (const source of sources) await base.ingest("", { ...long(2), source }, counted(2).embed);
      const half = await rows.stage(
        {
          ...PLACE,
          owner: "",
          document_id: "half",
          hash: "h",
          chunks: 2,
          model: "m",
          space: "m 2",
          metadata: {},
        },
        1,
      );
      expect(await base.deleteCollection("", "shop")).toBe(true);
      expect(await base.deleteCollection("", "shop")).toBe(false);
      expect(await base.collections("")).toEqual([]);
      expect(await base.documents("", page)).toEqual([]);
      expect(await rows.publish(half, 1)).toBe(false);

      await base.ingest("", long(3), counted(3).embed);
      let pieces = 0;
      while (await rows.clear(1)) pieces += 1;
      expect(pieces).toBeGreaterThan(3);
      expect(await base.documents("", page)).toMatchObject([{ chunks: 3 }]);
      expect(await base.collections("")).toEqual(["shop"]);
    });
  });
}
