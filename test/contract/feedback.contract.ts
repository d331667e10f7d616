import { describe, expect, it } from "vitest";
import type { Feedback } from "../../src/domain/feedback.ts";
import { sampleRun, sampleThread } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const sample = (feedback_id: string, change: Partial<Feedback> = {}): Feedback => ({
  feedback_id,
  run_id: "r1",
  thread_id: "t1",
  key: "quality",
  score: 0.25,
  value: { label: "好" },
  comment: "fine",
  correction: null,
  metadata: { owner: "a" },
  created_at: 1,
  updated_at: 1,
  ...change,
});

const page = { limit: 10, offset: 0 };

export function feedbackContract(subject: Subject): void {
  describe("feedback", () => {
    it("is kept in place of what was said before", async () => {
      const { feedback } = subject();
      expect(await feedback.put(sample("f1"))).toEqual(sample("f1"));
      const later = sample("f1", { score: null, value: "x", created_at: 5, updated_at: 5 });
      expect(await feedback.put(later)).toEqual({ ...later, created_at: 1 });
      expect(await feedback.list(page)).toEqual({ rows: [{ ...later, created_at: 1 }], total: 1 });
    });

    it("is found by run, thread, key and owner, newest first", async () => {
      const { feedback } = subject();
      const rows = [
        sample("f1"),
        sample("f2", { run_id: "r2", key: "speed", created_at: 2 }),
        sample("f3", { thread_id: null, metadata: { owner: "b" }, created_at: 3 }),
      ];
      for (const row of rows) await feedback.put(row);
      const found = async (query: object) =>
        (await feedback.list({ ...page, ...query })).rows.map(({ feedback_id: id }) => id);
      expect(await found({})).toEqual(["f3", "f2", "f1"]);
      expect(await found({ run_id: "r1" })).toEqual(["f3", "f1"]);
      expect(await found({ thread_id: "t1" })).toEqual(["f2", "f1"]);
      expect(await found({ key: "speed" })).toEqual(["f2"]);
      expect(await found({ access: { has: { owner: "b" } } })).toEqual(["f3"]);
      expect(await found({ limit: 1, offset: 1 })).toEqual(["f2"]);
    });

    it("goes with its thread, and stays where that was a stateless run's", async () => {
      const { feedback, threads } = subject();
      await threads.create(sampleThread("t1"));
      await feedback.put(sample("f1"));
      await feedback.put(sample("f2", { thread_id: null }));
      await threads.delete("t1");
      expect((await feedback.list(page)).rows).toEqual([sample("f2", { thread_id: null })]);
    });

    it("goes with its run", async () => {
      const { feedback, threads, runs } = subject();
      await threads.create(sampleThread("t1"));
      await runs.accept({ run: sampleRun("r1", "t1"), thread_metadata: {}, thread_config: {} });
      await feedback.put(sample("f1"));
      await runs.delete("r1", 2);
      expect((await feedback.list(page)).total).toBe(0);
    });
  });
}
