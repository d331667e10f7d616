import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { filterConditions } from "../../src/domain/item-filter.ts";
import type { ItemScope, ItemWrite } from "../../src/storage/items-port.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { start } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const write = (path: string, change: Partial<ItemWrite> = {}): ItemWrite => {
  const labels = path.split("/");
  return {
    namespace: labels.slice(0, -1),
    key: labels.at(-1) ?? "",
    value: "{}",
    ttl_ms: null,
    terms: null,
    vectors: null,
    ...change,
  };
};

const at = (path: string) => {
  const { namespace, key } = write(path);
  return { namespace, key };
};

const scope = (change: Partial<ItemScope> & { filter?: JsonObject } = {}): ItemScope => ({
  owner: "",
  prefix: [],
  conditions: filterConditions(change.filter ?? {}),
  now: 100,
  ...change,
});

const put = ({ items }: Storage, ...writes: ItemWrite[]) => items.write("", writes, { now: 1 });

const pathsOf = (items: { namespace: string[] | readonly string[]; key: string }[]) =>
  items.map(({ namespace, key }) => [...namespace, key].join("/"));

async function listed({ items }: Storage, change: Parameters<typeof scope>[0] = {}) {
  return pathsOf(await items.list(scope(change), { limit: 100, offset: 0 })).toSorted();
}

export function itemsContract(subject: Subject): void {
  describe("items", () => {
    it("are written under the fence of a run only by the worker that has it", async () => {
      const storage = subject();
      const { items } = storage;
      const { fence: held } = await start(storage, "r1");
      await items.write("", [write("a/mine")], { now: 5, fence: held });
      for (const fence of [
        { ...held, epoch: held.epoch - 1 },
        { ...held, run_id: "none" },
      ])
        await expect(
          items.write("", [write("a/theirs"), write("a/mine", { value: null })], { now: 6, fence }),
        ).rejects.toThrow(LeaseLostError);
      expect(await listed(storage)).toEqual(["a/mine"]);
    });

    it("are put, found, put again and deleted", async () => {
      const { items } = subject();
      await items.write("", [write("a/b/k", { value: '{"n":1}' })], { now: 5 });
      const found = await items.find("", at("a/b/k"), 6);
      expect(found).toMatchObject({
        namespace: ["a", "b"],
        key: "k",
        value: { n: 1 },
        created_at: 5,
        updated_at: 5,
        ttl_ms: null,
      });
      await items.write("", [write("a/b/k", { value: '{"n":2}' })], { now: 7 });
      const { item_id } = found ?? { item_id: "" };
      expect(await items.find("", at("a/b/k"), 8)).toMatchObject({
        item_id,
        value: { n: 2 },
        created_at: 5,
        updated_at: 7,
      });
      await items.write("", [write("a/b/k", { value: null }), write("a/none", { value: null })], {
        now: 9,
      });
      expect(await items.find("", at("a/b/k"), 10)).toBeUndefined();
    });

    it("belong to their owner alone", async () => {
      const { items } = subject();
      await items.write("ann", [write("a/k", { value: '{"of":"ann"}' })], { now: 1 });
      await items.write("bob", [write("a/k", { value: '{"of":"bob"}' })], { now: 1 });
      expect(await items.find("ann", at("a/k"), 2)).toMatchObject({ value: { of: "ann" } });
      expect(await items.find("", at("a/k"), 2)).toBeUndefined();
      await items.write("bob", [write("a/k", { value: null })], { now: 3 });
      expect(await listed(subject(), { owner: "ann" })).toEqual(["a/k"]);
      const query = { owner: "bob", prefix: [], after: [], limit: 10, now: 4 };
      expect(await items.namespaces(query)).toEqual([]);
    });

    it("are changed all or none", async () => {
      const { items } = subject();
      const bad = { ...write("a/two"), key: null as unknown as string };
      const broken = items.write("", [write("a/one"), bad], { now: 1 });
      await expect(broken).rejects.toThrow(/null/i);
      expect(await listed(subject())).toEqual([]);
    });

    it("are found below whole labels, whatever these hold", async () => {
      await put(
        subject(),
        ...["a/k", "a/b/k", "ab/k", "a-/k", "a%/k", "a_/k", "名/字/k", "a/b/c/k"].map((path) =>
          write(path),
        ),
      );
      expect(await listed(subject(), { prefix: ["a"] })).toEqual(["a/b/c/k", "a/b/k", "a/k"]);
      expect(await listed(subject(), { prefix: ["a", "b"] })).toEqual(["a/b/c/k", "a/b/k"]);
      expect(await listed(subject(), { prefix: ["a%"] })).toEqual(["a%/k"]);
      expect(await listed(subject(), { prefix: ["名"] })).toEqual(["名/字/k"]);
      expect(await listed(subject(), { prefix: ["名", "字", "k"] })).toEqual([]);
    });

    it.each<[JsonObject, string[]]>([
      [{ n: 2 }, ["two"]],
      [{ n: { $eq: 2 } }, ["two"]],
      [{ n: { $ne: 2 } }, ["none", "one", "ten", "text"]],
      [{ n: { $gt: 1 } }, ["ten", "two"]],
      [{ n: { $gte: 2, $lt: 10 } }, ["two"]],
      [{ n: { $lte: 2 } }, ["one", "two"]],
      [{ n: { $gt: "1" } }, ["text"]],
      [{ n: { $in: [1, "2"] } }, ["one", "text"]],
      [{ n: { $nin: [1, 2, 10] } }, ["none", "text"]],
      [{ n: null }, []],
      [{ deep: { er: { $gt: 5 } } }, ["ten"]],
      [{ deep: { er: 7 }, n: 10 }, ["ten"]],
      [{ list: ["x", { y: 1 }] }, ["one"]],
      [{ 名: "灯火" }, ["two"]],
      [{ "n') or 1=1 --": 1 }, []],
      [{ __proto__: null, "a.b": 1 }, ["none"]],
    ])("are filtered by fields: %j", async (filter, keys) => {
      await put(
        subject(),
        write("a/one", { value: '{"n":1,"list":["x",{"y":1}]}' }),
        write("a/two", { value: '{"n":2,"名":"灯火"}' }),
        write("a/ten", { value: '{"n":10,"deep":{"er":7}}' }),
        write("a/text", { value: '{"n":"2","deep":{"er":"x"}}' }),
        write("a/none", { value: '{"a.b":1,"odd":"\\u0000\\ud800"}' }),
      );
      expect(await listed(subject(), { filter })).toEqual(keys.map((key) => `a/${key}`));
    });

    it("are listed last changed first, page by page", async () => {
      const { items } = subject();
      for (const [time, key] of ["x", "y", "z"].entries())
        await items.write("", [write(`a/${key}`)], { now: time });
      await items.write("", [write("a/x")], { now: 9 });
      const page = async (limit: number, offset: number) =>
        (await items.list(scope(), { limit, offset })).map(({ key }) => key);
      expect(await page(2, 0)).toEqual(["x", "z"]);
      expect(await page(2, 2)).toEqual(["y"]);
    });

    it("live as long as they may, and longer when they are touched", async () => {
      const { items } = subject();
      await items.write("", [write("a/k", { ttl_ms: 10 }), write("a/ever")], { now: 0 });
      const alive = async (now: number) => listed(subject(), { now });
      expect(await alive(9)).toEqual(["a/ever", "a/k"]);
      expect(await alive(10)).toEqual(["a/ever"]);
      const stored = await items.list(scope({ now: 5 }), { limit: 10, offset: 0 });
      const ids = stored.map(({ item_id }) => item_id);
      await items.touch(ids, 5);
      expect(await alive(14)).toEqual(["a/ever", "a/k"]);
      expect(await items.find("", at("a/k"), 15)).toBeUndefined();
      await items.touch(ids, 20);
      expect(await alive(20)).toEqual(["a/ever"]);
      await items.write("", [write("a/k")], { now: 30 });
      expect(await items.find("", at("a/k"), 99)).toMatchObject({ created_at: 30 });
    });

    it("are swept when their time has passed, so many at once", async () => {
      const { items } = subject();
      const vectors = { space: "s", values: Float32Array.of(1, 0) };
      const mortal = ["a/1", "a/2", "a/3"].map((path) => write(path, { ttl_ms: 10, vectors }));
      await items.write("", [...mortal, write("a/ever", { ttl_ms: 90 })], { now: 0 });
      expect(await items.sweep(10, 2)).toBe(2);
      expect(await items.sweep(10, 2)).toBe(1);
      expect(await items.sweep(10, 2)).toBe(0);
      expect(await listed(subject(), { now: 0 })).toEqual(["a/ever"]);
    });

    it("are found by the beginnings of their words", async () => {
      const { items } = subject();
      await put(
        subject(),
        write("a/train", { terms: " the trains 火车 车站 站" }),
        write("a/rain", { terms: " rain strain" }),
        write("b/train", { terms: " train" }),
        write("a/hidden"),
      );
      const scan = { ...scope({ prefix: ["a"] }), after: undefined, limit: 10 };
      expect(pathsOf(await items.withTerms(scan, ["train"]))).toEqual(["a/train"]);
      expect(pathsOf(await items.withTerms(scan, ["车站", "rai"]))).toEqual(["a/rain", "a/train"]);
      const [first] = await items.withTerms({ ...scan, limit: 1 }, ["rain", "train"]);
      expect(first).toMatchObject({ key: "rain", feature: " rain strain", updated_at: 1 });
      const rest = await items.withTerms({ ...scan, after: first }, ["rain", "train"]);
      expect(pathsOf(rest)).toEqual(["a/train"]);
    });

    it("keep the vectors of their last value, and only those of the space asked for", async () => {
      const { items } = subject();
      const vectors = (space: string, ...values: number[]) => ({
        vectors: { space, values: Float32Array.from(values) },
      });
      await put(
        subject(),
        write("a/k", vectors("s", 0.25, -1, 3.5, 2)),
        write("a/l", vectors("s", 1, 0)),
        write("b/k", vectors("other", 1, 0)),
      );
      const scan = { ...scope(), after: undefined, limit: 10 };
      const found = await items.withVectors(scan, "s");
      expect(found.map(({ key, feature }) => [key, [...feature]])).toEqual([
        ["k", [0.25, -1, 3.5, 2]],
        ["l", [1, 0]],
      ]);
      expect(pathsOf(await items.withVectors({ ...scan, after: found[0] }, "s"))).toEqual(["a/l"]);
      await put(subject(), write("a/k"), write("a/l", { value: null }));
      expect(await items.withVectors(scan, "s")).toEqual([]);
    });

    it("have namespaces, each once and in order", async () => {
      const { items } = subject();
      const paths = ["b/k", "a/x/k", "a/x/l", "a/k", "a/y/z/k"].map((path) => write(path));
      await put(subject(), ...paths, write("c/k", { ttl_ms: 5 }));
      const query = { owner: "", prefix: [], after: [], limit: 10, now: 50 };
      expect(await items.namespaces(query)).toEqual([["a"], ["a", "x"], ["a", "y", "z"], ["b"]]);
      expect(await items.namespaces({ ...query, prefix: ["a", "y"] })).toEqual([["a", "y", "z"]]);
      const page = { ...query, after: ["a", "x"], limit: 1 };
      expect(await items.namespaces(page)).toEqual([["a", "y", "z"]]);
    });

    it("are emptied only when the store is", async () => {
      await put(subject(), write("a/k"));
      await subject().truncate({ runs: true, threads: true, checkpointer: true });
      expect(await listed(subject())).toEqual(["a/k"]);
      await subject().truncate({ store: true });
      expect(await listed(subject())).toEqual([]);
    });
  });
}
