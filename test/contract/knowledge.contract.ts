import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import type { KnowledgeSearch } from "../../src/domain/knowledge.ts";
import { knowledgeBase } from "../../src/knowledge/knowledge-base.ts";
import type {
  Embed,
  Knowledge,
  NearestChunks,
  NewDocument,
  SearchModels,
} from "../../src/knowledge/port.ts";
import { MemoryVectors } from "../../src/knowledge/vectors.ts";
import type { KnowledgeRows } from "../../src/storage/knowledge-port.ts";

/** The vector of a text is how often it says a, b and c. */
const embed: Embed = async (texts) => ({
  model: "letters",
  vectors: texts.map((text) => ["a", "b", "c"].map((sign) => text.split(sign).length - 1)),
});
const models: SearchModels = { embed, rerank: async () => [], isReranked: false };
const BY_VECTOR = { weights: { vector: 1, keyword: 0 } };
const BY_WORD = { weights: { vector: 0, keyword: 1 } };

/** Where the vectors of a collection are when it is searched. */
const HOMES: Record<string, Home> = {
  "in the database": (rows) => new MemoryVectors(rows, { maxBytes: 0 }),
  "in memory": (rows) => new MemoryVectors(rows, { maxBytes: 1_000_000, scannedNumbers: 0 }),
  "in memory that holds one collection": (rows) =>
    new MemoryVectors(rows, { maxBytes: 100, scannedNumbers: 0 }),
};

export type Home = (rows: KnowledgeRows) => NearestChunks;

/** Documents of a test, and searches of them. */
export class Base implements AsyncDisposable {
  readonly base: Knowledge;
  readonly rows: KnowledgeRows;
  now = 1;

  constructor(rows: KnowledgeRows, home: Home) {
    const clock = { now: () => this.now };
    const vectors = home(rows);
    this.rows = rows;
    this.base = knowledgeBase({ rows, vectors, clock });
  }

  put(source: string, text: string, more: Partial<NewDocument> & { owner?: string } = {}) {
    const { owner = "", ...rest } = more;
    const chunk = { text, first_line: 1, last_line: 1 };
    const content = { hash: text, read: async () => [chunk] };
    const document = {
      collection: "shop",
      content_type: "text/plain",
      source,
      ...content,
      ...rest,
    };
    return this.base.ingest(owner, document, embed);
  }

  async find(query: string, more: Partial<KnowledgeSearch> & { owner?: string } = {}) {
    const { owner = "", ...rest } = more;
    const search = { collection: "shop", limit: 10, query, ...rest };
    const { passages } = await this.base.search(owner, search, models);
    return passages.map(({ source }) => source);
  }

  [Symbol.asyncDispose]() {
    return this.base.close();
  }
}

/** What searches find, whoever keeps the documents. */
export function knowledgeContract(subject: () => KnowledgeRows, homes = HOMES): void {
  describe.each(Object.entries(homes))("knowledge, vectors %s", (_, home) => {
    const open = () => new Base(subject(), home);

    it("finds by vectors exactly, the nearest first", async () => {
      await using base = open();
      for (const text of ["aab", "b", "ac", "cc"]) await base.put(text, text);
      expect(await base.find("a", BY_VECTOR)).toEqual(["aab", "ac"]);
      expect(await base.find("c", { ...BY_VECTOR, limit: 1 })).toEqual(["cc"]);
    });

    it("follows documents that come, change and go", async () => {
      await using base = open();
      await base.put("one", "aa");
      await base.put("two", "ab");
      expect(await base.find("a", BY_VECTOR)).toEqual(["one", "two"]);
      await base.put("three", "aaab");
      const { document_id } = await base.put("one", "bb");
      expect(await base.find("a", BY_VECTOR)).toEqual(["three", "two"]);
      expect(await base.find("b", BY_VECTOR)).toEqual(["one", "two", "three"]);
      await base.base.deleteDocument("", { collection: "shop", document_id });
      expect(await base.find("b", BY_VECTOR)).toEqual(["two", "three"]);
      expect(await base.base.deleteCollection("", "shop")).toBe(true);
      expect(await base.find("b", BY_VECTOR)).toEqual([]);
      await base.put("one", "b");
      expect(await base.find("b", BY_VECTOR)).toEqual(["one"]);
    });

    it("searches several collections in turn", async () => {
      await using base = open();
      const text = "a";
      for (const collection of ["shop", "other"])
        for (let n = 0; n < 5; n++) await base.put(`${collection}${n}`, text, { collection });
      for (const collection of ["shop", "other", "shop"]) {
        const found = await base.find("a", { ...BY_VECTOR, collection });
        const names = [0, 1, 2, 3, 4].map((n) => `${collection}${n}`);
        expect(found).toEqual(names);
      }
    });

    it("keeps to documents whose metadata meet a filter, by words and vectors", async () => {
      await using base = open();
      await base.put("old", "a lamp", { metadata: { year: 2020, lang: "en" } });
      await base.put("new", "a lamp", { metadata: { year: 2024, lang: "en" } });
      await base.put("none", "a lamp");
      const filters: [JsonObject, string[]][] = [
        [{ year: { $gte: 2022 } }, ["new"]],
        [{ lang: "en", year: { $lt: 2022 } }, ["old"]],
        [{ lang: { $ne: "en" } }, ["none"]],
        [{ year: { $in: [2020, 2024] } }, ["new", "old"]],
        [{ lang: "zh" }, []],
      ];
      for (const [filter, expected] of filters)
        for (const way of [BY_VECTOR, BY_WORD])
          expect((await base.find("a lamp", { ...way, filter })).toSorted()).toEqual(expected);
    });
  });

  describe("knowledge", () => {
    const open = () => new Base(subject(), (rows) => new MemoryVectors(rows, { maxBytes: 0 }));

    it("finds by words and their beginnings, in Chinese too, the rarer first", async () => {
      await using base = open();
      await base.put("lamps", "blue lamps burn");
      await base.put("blue", "blue whales");
      await base.put("zh", "七天内可以无理由退货");
      await base.put("quote", `it's "quoted" 100% a_b \\ & | :* § (x)`);
      expect(await base.find("blue lamp", BY_WORD)).toEqual(["lamps", "blue"]);
      expect(await base.find("怎么退货", BY_WORD)).toEqual(["zh"]);
      expect(await base.find(`quoted' & "x" OR (`, BY_WORD)).toEqual(["quote"]);
      expect(await base.find("§§", BY_WORD)).toEqual([]);
      expect(await base.find("...", BY_WORD)).toEqual([]);
    });

    it("shows owners and collections nothing of each other", async () => {
      await using base = open();
      await base.put("one", "a lamp", { owner: "ann" });
      await base.put("two", "a lamp", { owner: "ann", collection: "other" });
      expect(await base.find("lamp")).toEqual([]);
      expect(await base.find("lamp", { owner: "ann" })).toEqual(["one"]);
      expect(await base.base.collections("ann")).toEqual(["other", "shop"]);
      expect(await base.base.collections("")).toEqual([]);
      await base.base.deleteCollection("ann", "shop");
      expect(await base.base.collections("ann")).toEqual(["other"]);
    });

    it("lists documents, the last changed first, and changes what is said of one alone", async () => {
      await using base = open();
      await base.put("one", "a");
      base.now = 2;
      await base.put("two", "b");
      base.now = 3;
      const metadata = { lang: "en" };
      expect(await base.put("one", "a", { metadata })).toMatchObject({ status: "updated" });
      expect(await base.put("one", "a", { metadata })).toMatchObject({ status: "unchanged" });
      const page = { collection: "shop", limit: 10, offset: 0 };
      const listed = await base.base.documents("", page);
      expect(listed.map(({ source, metadata: said }) => [source, said])).toEqual([
        ["one", metadata],
        ["two", {}],
      ]);
      const next = await base.base.documents("", { ...page, offset: 1 });
      expect(next.map(({ source }) => source)).toEqual(["two"]);
    });

    it("shows nothing of a document that was never finished, and clears it away", async () => {
      await using base = open();
      const { rows: knowledge } = base;
      const half = {
        owner: "",
        collection: "shop",
        document_id: "half",
        source: "half",
        content_type: "text/plain",
        hash: "h",
        chunks: 2,
        model: "letters",
        space: "letters 3",
        metadata: {},
      };
      const number = await knowledge.stage(half, 1);
      const value = { chunk: 0, text: "a lamp", first_line: 1, last_line: 1 };
      const vector = Float32Array.of(1, 0, 0);
      await knowledge.addChunks(number, [{ value, words: " a lamp", vector }], 1);
      await base.put("whole", "a lamp");
      for (const way of [BY_VECTOR, BY_WORD])
        expect(await base.find("a lamp", way)).toEqual(["whole"]);
      expect(await base.base.collections("")).toEqual(["shop"]);
      expect(await knowledge.clear(4_000_000)).toBe(false);
      expect(await knowledge.clear(100_000_000)).toBe(true);
      expect(await knowledge.clear(100_000_000)).toBe(false);
      await knowledge.publish(number, 2);
      expect(await base.find("a lamp", BY_WORD)).toEqual(["whole"]);
    });

    it("keeps one version of a document that two put at the same time", async () => {
      await using base = open();
      await Promise.all([base.put("one", "a lamp"), base.put("one", "a lamp of blue")]);
      expect(await base.find("lamp", BY_WORD)).toHaveLength(1);
      const kept = await base.rows.collection("", "shop");
      expect(kept).toMatchObject({ chunks: 1 });
    });
  });
}
