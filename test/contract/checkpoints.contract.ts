import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { StoredWrite } from "../../src/storage/ports.ts";
import { blob, sampleCheckpoint, start } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const value = (channel: string, version: string, text = `${channel} ${version}`) => ({
  channel,
  version,
  value: blob(text),
});

const write = (task_id: string, idx: number, text: string): StoredWrite => ({
  task_id,
  idx,
  channel: "c",
  value: blob(text),
});

export function checkpointsContract(subject: Subject): void {
  describe("checkpoints", () => {
    it("joins the values of a checkpoint's versions, each kept once", async () => {
      const { checkpoints } = subject();
      const first = sampleCheckpoint("t", "1", {
        versions: { a: "1", b: "1" },
        metadata_json: { source: "input", step: -1 },
      });
      const second = sampleCheckpoint("t", "2", {
        parent_id: "1",
        versions: { a: "1", b: "2", lost: "9" },
      });
      await checkpoints.put(first, { values: [value("a", "1"), value("b", "1")] });
      await checkpoints.put(second, { values: [value("b", "2")] });
      const key = { thread_id: "t", checkpoint_ns: "" };
      expect(await checkpoints.get({ ...key, checkpoint_id: "1" })).toEqual({
        ...first,
        values: { a: blob("a 1"), b: blob("b 1") },
        writes: [],
      });
      const newest = { ...second, values: { a: blob("a 1"), b: blob("b 2") }, writes: [] };
      expect(await checkpoints.get(key)).toEqual(newest);
    });

    it("knows no other thread, namespace or id", async () => {
      const { checkpoints } = subject();
      await checkpoints.put(sampleCheckpoint("t", "1"), { values: [] });
      const key = { thread_id: "t", checkpoint_ns: "" };
      expect(await checkpoints.get({ ...key, thread_id: "u" })).toBeUndefined();
      expect(await checkpoints.get({ ...key, checkpoint_ns: "child" })).toBeUndefined();
      expect(await checkpoints.get({ ...key, checkpoint_id: "2" })).toBeUndefined();
      expect(await checkpoints.get({ thread_id: "%", checkpoint_ns: "%" })).toBeUndefined();
    });

    it("keeps values of one version apart by thread, namespace and channel", async () => {
      const { checkpoints } = subject();
      const versions = { a: "1", b: "1" };
      const places = [
        { thread_id: "t", checkpoint_ns: "" },
        { thread_id: "t", checkpoint_ns: "child:1" },
        { thread_id: "u", checkpoint_ns: "" },
      ];
      for (const [n, place] of places.entries()) {
        const row = sampleCheckpoint("t", "1", { ...place, versions });
        const values = [value("a", "1", `a ${n}`), value("b", "1", `b ${n}`)];
        await checkpoints.put(row, { values });
      }
      for (const [n, place] of places.entries()) {
        const stored = await checkpoints.get(place);
        expect(stored?.values).toEqual({ a: blob(`a ${n}`), b: blob(`b ${n}`) });
      }
    });

    it("reads more values at once than fit one statement", async () => {
      const { checkpoints } = subject();
      const values = Array.from({ length: 1100 }, (_, n) => value(`c${n}`, `${n}`));
      const versions = Object.fromEntries(values.map(({ channel, version }) => [channel, version]));
      await checkpoints.put(sampleCheckpoint("t", "1", { versions }), { values });
      const stored = await checkpoints.get({ thread_id: "t", checkpoint_ns: "" });
      expect(stored?.values).toEqual(
        Object.fromEntries(values.map(({ channel, value: kept }) => [channel, kept])),
      );
    });

    it("takes a checkpoint that is put again, leaving its place in history", async () => {
      const { checkpoints } = subject();
      const { fence } = await start(subject(), "r", { thread_id: "t" });
      await checkpoints.put(sampleCheckpoint("t", "1", { parent_id: "0" }), { values: [] });
      const again = sampleCheckpoint("t", "1", {
        parent_id: "1",
        metadata: blob("again"),
        versions: { a: "1" },
      });
      await checkpoints.put(again, { values: [value("a", "1")], fence });
      const stored = await checkpoints.get({ thread_id: "t", checkpoint_ns: "" });
      expect(stored).toMatchObject({
        parent_id: "0",
        metadata: blob("again"),
        values: { a: blob("a 1") },
      });
    });

    it("keeps writes in order, the first under a place, but the last of special ones", async () => {
      const { checkpoints } = subject();
      const key = { thread_id: "t", checkpoint_ns: "", checkpoint_id: "1" };
      await checkpoints.put(sampleCheckpoint("t", "1"), { values: [] });
      await checkpoints.putWrites(key, { writes: [write("z", 0, "z0"), write("z", 1, "z1")] });
      await checkpoints.putWrites(key, { writes: [write("a", 0, "a0"), write("z", -3, "asked")] });
      await checkpoints.putWrites(key, { writes: [write("z", 0, "other"), write("z", 2, "z2")] });
      await checkpoints.putWrites(key, { writes: [write("z", -3, "asked again")] });
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
      await checkpoints.put(sampleCheckpoint("thread", "1"), { values: [] });
      await checkpoints.putWrites(key, { writes: [write("a", 0, "manual")] });
      await checkpoints.putWrites(key, { writes: [write("a", 0, "run")], fence });
      expect((await checkpoints.get(key))?.writes).toEqual([write("a", 0, "manual")]);
      expect(await runs.find("r")).toBeDefined();
    });

    it("takes writes before their checkpoint", async () => {
      const { checkpoints } = subject();
      const key = { thread_id: "t", checkpoint_ns: "", checkpoint_id: "1" };
      await checkpoints.putWrites(key, { writes: [write("a", 0, "early")] });
      await checkpoints.put(sampleCheckpoint("t", "1"), { values: [] });
      expect((await checkpoints.get(key))?.writes).toEqual([write("a", 0, "early")]);
    });

    it("refuses both under a fence that does not hold", async () => {
      const { checkpoints, runs } = subject();
      const { fence } = await start(subject(), "r");
      const row = sampleCheckpoint("thread", "1", { versions: { a: "1" } });
      await checkpoints.put(row, { values: [value("a", "1")], fence });
      await runs.takeOver(11);
      const changed = { values: [value("a", "1", "stolen")], fence };
      await expect(checkpoints.put(row, changed)).rejects.toThrow(LeaseLostError);
      const writes = [write("a", 0, "stolen")];
      await expect(checkpoints.putWrites(row, { writes, fence })).rejects.toThrow(LeaseLostError);
      expect(await checkpoints.get({ thread_id: "thread", checkpoint_ns: "" })).toMatchObject({
        values: { a: blob("a 1") },
        writes: [],
      });
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
          versions: { a: id },
        });
        await checkpoints.put(row, { values: [value("a", id)] });
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
      expect(all.map(({ values }) => values["a"])).toEqual(
        ["5", "4", "3", "2", "1"].map((id) => blob(`a ${id}`)),
      );
      expect(all.map(({ writes }) => writes)).toEqual(
        ["5", "4", "3", "2", "1"].map((id) => [write("w", 0, id)]),
      );
    });

    it("deletes the checkpoints of a thread and of no other", async () => {
      const { checkpoints } = subject();
      for (const id of ["t", "u"]) {
        const row = sampleCheckpoint(id, "1", { versions: { a: "1" } });
        await checkpoints.put(row, { values: [value("a", "1")] });
        await checkpoints.putWrites(row, { writes: [write("w", 0, "1")] });
      }
      await checkpoints.deleteThread("t");
      expect(await checkpoints.list({ thread_id: "t" })).toEqual([]);
      expect(await checkpoints.list({ thread_id: "u" })).toMatchObject([
        { values: { a: blob("a 1") }, writes: [{ task_id: "w" }] },
      ]);
    });
  });
}
