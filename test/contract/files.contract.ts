import { describe, expect, it } from "vitest";
import type { FileInfo } from "../../src/domain/file.ts";
import { sampleThread } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const sample = (file_id: string, change: Partial<FileInfo> = {}): FileInfo => ({
  file_id,
  content_type: "image/png",
  size: 3,
  metadata: { owner: "a" },
  created_at: 1,
  ...change,
});

const BYTES = Uint8Array.of(0, 255, 7);
const mine = { has: { owner: "a" } };
const others = { has: { owner: "b" } };
const page = { limit: 10, offset: 0 };

export function filesContract(subject: Subject): void {
  describe("files", () => {
    it("keeps bytes and fields, and shows them only to whom they belong", async () => {
      const { files } = subject();
      await files.create(sample("one"), BYTES);
      await expect(files.create(sample("one"), BYTES)).rejects.toThrow(/already stored/);
      for (const access of [undefined, mine]) {
        const found = await files.read("one", access);
        expect(found?.file).toEqual(sample("one"));
        expect(Uint8Array.from(found?.bytes ?? [])).toEqual(BYTES);
      }
      expect(await files.read("one", others)).toBeUndefined();
      expect(await files.read("none")).toBeUndefined();
      expect(await files.delete("one", others)).toBe(false);
      expect(await files.delete("one", mine)).toBe(true);
      expect(await files.delete("one")).toBe(false);
    });

    it("lists the newest first, without their bytes", async () => {
      const { files } = subject();
      const [old, young] = [sample("old"), sample("young", { created_at: 2 })];
      const foreign = sample("foreign", { metadata: { owner: "b" }, created_at: 3 });
      for (const file of [old, young, foreign]) await files.create(file, BYTES);
      expect(await files.list({ ...page, access: mine })).toEqual({ rows: [young, old], total: 2 });
      expect(await files.list({ limit: 1, offset: 1 })).toEqual({ rows: [young], total: 3 });
    });

    it("clears away those that go with a thread when it is deleted, and no others", async () => {
      const { files, threads, removals } = subject();
      await threads.create(sampleThread("t"));
      await files.create({ ...sample("of-thread"), thread_id: "t" }, BYTES);
      await files.create({ ...sample("of-other"), thread_id: "u" }, BYTES);
      await files.create(sample("stays"), BYTES);
      await threads.delete("t");
      while (await removals.clear());
      const left = (await files.list(page)).rows.map(({ file_id }) => file_id);
      expect(left.toSorted()).toEqual(["of-other", "stays"]);
    });

    it("sweeps what is older than a time, a few at a time", async () => {
      const { files } = subject();
      for (const at of [1, 2, 3]) await files.create(sample(`f${at}`, { created_at: at }), BYTES);
      expect(await files.sweep(3, 1)).toBe(1);
      expect(await files.sweep(3, 10)).toBe(1);
      expect((await files.list(page)).rows.map(({ file_id }) => file_id)).toEqual(["f3"]);
    });
  });
}
