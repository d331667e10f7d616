import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { Part, StoredWrite } from "../../src/storage/ports.ts";
import { blob, sampleCheckpoint, start, success } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const part = (part_id: string, text = part_id): Part => ({ part_id, value: blob(text) });

const write = (task_id: string, idx: number, text: string): StoredWrite => ({
  task_id,
  idx,
  channel: "c",
  value: blob(text),
});

export function checkpointsContract(subject: Subject): void {
  describe("checkpoints", () => {
    it("keeps checkpoints whole", async () => {
      const { checkpoints } = subject();
      const first = sampleCheckpoint("t", "1", {
        values: { a: "=1", b: '="b"' },
        metadata_json: { source: "input", step: -1 },
      });
      const second = sampleCheckpoint("t", "2", { parent_id: "1", values: { a: "=1" } });
      await checkpoints.put(first);
      await checkpoints.put(second);
      const key = { thread_id: "t", checkpoint_ns: "" };
      expect(await checkpoints.get({ ...key, checkpoint_id: "1" })).toEqual({
        ...first,
        writes: [],
      });
      expect(await checkpoints.get(key)).toEqual({ ...second, writes: [] });
    });

    it("gives metadata back that is no more than its JSON", async () => {
      const { checkpoints } = subject();
      const metadata_json = { source: "input", step: -1, name: "羚伊" };
      const bytes = new TextEncoder().encode(JSON.stringify(metadata_json));
      const row = sampleCheckpoint("t", "1", { metadata: { type: "json", bytes }, metadata_json });
      await checkpoints.put(row);
      expect(await checkpoints.get({ thread_id: "t", checkpoint_ns: "" })).toEqual({
        ...row,
        writes: [],
      });
    });

    it("knows no other thread, namespace or id", async () => {
      const { checkpoints } = subject();
      await checkpoints.put(sampleCheckpoint("t", "1"));
      const key = { thread_id: "t", checkpoint_ns: "" };
      expect(await checkpoints.get({ ...key, thread_id: "u" })).toBeUndefined();
      expect(await checkpoints.get({ ...key, checkpoint_ns: "child" })).toBeUndefined();
      expect(await checkpoints.get({ ...key, checkpoint_id: "2" })).toBeUndefined();
      expect(await checkpoints.get({ thread_id: "%", checkpoint_ns: "%" })).toBeUndefined();
    });

    it("keeps each part once in a thread, and apart from those of other threads", async () => {
      const { checkpoints } = subject();
      await checkpoints.put(sampleCheckpoint("t", "1"), { parts: [part("b"), part("a")] });
      await checkpoints.put(sampleCheckpoint("u", "1"), { parts: [part("a", "other")] });
      const key = { thread_id: "t", checkpoint_ns: "child", checkpoint_id: "1" };
      await checkpoints.putWrites(key, { writes: [], parts: [part("a"), part("c")] });
      const byId = async (threadId: string) =>
        (await checkpoints.parts(threadId, ["a", "b", "c", "d"])).toSorted((x, y) =>
          x.part_id < y.part_id ? -1 : 1,
        );
      expect(await byId("t")).toEqual([part("a"), part("b"), part("c")]);
      expect(await byId("u")).toEqual([part("a", "other")]);
      expect(await checkpoints.parts("v", ["a"])).toEqual([]);
      expect(await checkpoints.parts("t", [])).toEqual([]);
    });

    it("reads more parts at once than fit one statement", async () => {
      const { checkpoints } = subject();
      const parts = Array.from({ length: 1100 }, (_, n) => part(`${n}`));
      await checkpoints.put(sampleCheckpoint("t", "1"), { parts });
      const ids = parts.map(({ part_id }) => part_id);
      const read = await checkpoints.parts("t", ids);
      expect(new Map(read.map((one) => [one.part_id, one]))).toEqual(
        new Map(parts.map((one) => [one.part_id, one])),
      );
      expect(read).toHaveLength(1100);
    });

    it("keeps a part that another than the run that brought it needs too", async () => {
      const { checkpoints, runs } = subject();
      const { fence } = await start(subject(), "r");
      const row = sampleCheckpoint("thread", "1");
      await checkpoints.put(row, { parts: [part("own"), part("own too"), part("shared")], fence });
      await checkpoints.put(sampleCheckpoint("thread", "2"), { parts: [part("own")], fence });
      await checkpoints.put(sampleCheckpoint("thread", "3"), { parts: [part("shared")] });
      await runs.finish(fence, { outcome: success, events: [], now: 20, remove: "run" });
      const ids = ["own", "own too", "shared"];
      expect(await checkpoints.parts("thread", ids)).toEqual([part("shared")]);
    });

    it("takes a checkpoint that is put again, leaving its place in history", async () => {
      const { checkpoints } = subject();
      const { fence } = await start(subject(), "r", { thread_id: "t" });
      await checkpoints.put(sampleCheckpoint("t", "1", { parent_id: "0" }));
      const again = sampleCheckpoint("t", "1", {
        parent_id: "1",
        metadata: blob("again"),
        values: { a: "=1" },
      });
      await checkpoints.put(again, { fence });
      const stored = await checkpoints.get({ thread_id: "t", checkpoint_ns: "" });
      expect(stored).toMatchObject({
        parent_id: "0",
        metadata: blob("again"),
        values: { a: "=1" },
      });
    });

    it("keeps writes in order, the first under a place, but the last of special ones", async () => {
      const { checkpoints } = subject();
      const key = { thread_id: "t", checkpoint_ns: "", checkpoint_id: "1" };
      await checkpoints.put(sampleCheckpoint("t", "1"));
      await checkpoints.putWrites(key, { writes: [write("z", 0, "z0"), write("z", 1, "z1")] });
      await checkpoints.putWrites(key, { writes: [write("a", 0, "a0"), write("z", -3, "asked")] });
      await checkpoints.putWrites(key, { writes: [write("z", 0, "other"), write("z", 2, "z2")] });
      await checkpoints.putWrites(key, {
        writes: [write("z", -3, "asked twice"), write("z", -3, "asked again")],
      });
      await checkpoints.putWrites({ ...key, checkpoint_id: "2" }, { writes: [write("z", 0, "2")] });
      expect((await checkpoints.get(key))?.writes).toEqual([
        write("z", 0, "z0"),
        write("z", 1, "z1"),
        write("a", 0, "a0"),
        write("z", 2, "z2"),
        write("z", -3, "asked again"),
      ]);
    });

    it("keeps the first of two runs' writes under one place", async () => {
      const { checkpoints, runs } = subject();
      const key = { thread_id: "thread", checkpoint_ns: "", checkpoint_id: "1" };
      const { fence } = await start(subject(), "r");
      await checkpoints.put(sampleCheckpoint("thread", "1"));
      await checkpoints.putWrites(key, { writes: [write("a", 0, "manual")] });
      await checkpoints.putWrites(key, { writes: [write("a", 0, "run")], fence });
      expect((await checkpoints.get(key))?.writes).toEqual([write("a", 0, "manual")]);
      expect(await runs.find("r")).toBeDefined();
    });

    it("takes writes before their checkpoint", async () => {
      const { checkpoints } = subject();
      const key = { thread_id: "t", checkpoint_ns: "", checkpoint_id: "1" };
      await checkpoints.putWrites(key, { writes: [write("a", 0, "early")] });
      await checkpoints.put(sampleCheckpoint("t", "1"));
      expect((await checkpoints.get(key))?.writes).toEqual([write("a", 0, "early")]);
    });

    it("refuses both under a fence that does not hold", async () => {
      const { checkpoints, runs } = subject();
      const { fence } = await start(subject(), "r");
      const row = sampleCheckpoint("thread", "1", { values: { a: "=1" } });
      await checkpoints.put(row, { fence });
      await runs.takeOver(11);
      const parts = [part("stolen")];
      const changed = { ...row, values: { a: "=2" } };
      await expect(checkpoints.put(changed, { parts, fence })).rejects.toThrow(LeaseLostError);
      const late = { writes: [write("a", 0, "stolen")], parts, fence };
      await expect(checkpoints.putWrites(row, late)).rejects.toThrow(LeaseLostError);
      expect(await checkpoints.get({ thread_id: "thread", checkpoint_ns: "" })).toMatchObject({
        values: { a: "=1" },
        writes: [],
      });
      expect(await checkpoints.parts("thread", ["stolen"])).toEqual([]);
    });

    it("lists newest first, by thread, namespace, id, position, metadata and limit", async () => {
      const { checkpoints } = subject();
      for (const [thread_id, checkpoint_ns, id] of [
        ["t", "", "1"],
        ["t", "child", "2"],
        ["t", "", "3"],
        ["u", "", "4"],
        ["t", "", "5"],
      ] as const) {
        const row = sampleCheckpoint(thread_id, id, {
          checkpoint_ns,
          metadata_json: { n: Number(id), odd: Number(id) % 2 === 1 },
          values: { a: id },
        });
        await checkpoints.put(row);
        await checkpoints.putWrites(row, { writes: [write("w", 0, id)] });
      }
      const idsOf = async (query: Parameters<typeof checkpoints.list>[0]) =>
        (await checkpoints.list(query)).map(({ checkpoint_id }) => checkpoint_id);
      expect(await idsOf({})).toEqual(["5", "4", "3", "2", "1"]);
      expect(await idsOf({ thread_id: "t" })).toEqual(["5", "3", "2", "1"]);
      expect(await idsOf({ thread_id: "t", checkpoint_ns: "" })).toEqual(["5", "3", "1"]);
      expect(await idsOf({ thread_id: "t", before: "3" })).toEqual(["2", "1"]);
      expect(await idsOf({ thread_id: "t", checkpoint_id: "3" })).toEqual(["3"]);
      expect(await idsOf({ thread_id: "t", limit: 2 })).toEqual(["5", "3"]);
      expect(await idsOf({ filter: { odd: true }, limit: 2 })).toEqual(["5", "3"]);
      expect(await idsOf({ filter: { odd: true, n: 1 } })).toEqual(["1"]);
      expect(await idsOf({ filter: { "n') OR '1'='1": 1 } })).toEqual([]);
      const all = await checkpoints.list({});
      expect(all.map(({ values }) => values["a"])).toEqual(["5", "4", "3", "2", "1"]);
      expect(all.map(({ writes }) => writes)).toEqual(
        ["5", "4", "3", "2", "1"].map((id) => [write("w", 0, id)]),
      );
    });

    it("deletes the checkpoints of a thread and of no other", async () => {
      const { checkpoints } = subject();
      for (const id of ["t", "u"]) {
        const row = sampleCheckpoint(id, "1", { values: { a: "@p" } });
        await checkpoints.put(row, { parts: [part("@p")] });
        await checkpoints.putWrites(row, { writes: [write("w", 0, "1")] });
      }
      await checkpoints.deleteThread("t");
      expect(await checkpoints.list({ thread_id: "t" })).toEqual([]);
      expect(await checkpoints.list({ thread_id: "u" })).toMatchObject([
        { values: { a: "@p" }, writes: [{ task_id: "w" }] },
      ]);
      expect(await checkpoints.parts("t", ["@p"])).toEqual([]);
      expect(await checkpoints.parts("u", ["@p"])).toHaveLength(1);
    });
  });
}
